// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.io.IOException;
import java.util.Arrays;

/**
 * The properties of a machine that a driver needs in addition to its devices: the addresses of PCI and memory, and a
 * firmware that halts the processor.
 */
enum Board {
    /** The machines {@code pc-q35} and {@code pc-i440fx}. */
    PC(0xe000_0000L, 0x100_0000) {
        @Override
        long configRead(QtestQemu qemu, int slot, int offset) throws IOException {
            select(qemu, slot, offset);
            return qemu.qtest("inl 0xcfc");
        }

        @Override
        void configWrite(QtestQemu qemu, int slot, int offset, long value) throws IOException {
            select(qemu, slot, offset);
            qemu.qtest("outl 0xcfc " + hex(value));
        }

        @Override
        long portRead(QtestQemu qemu, long port) throws IOException {
            return qemu.qtest("inl " + hex(port));
        }

        @Override
        void portWrite(QtestQemu qemu, char size, long port, long value) throws IOException {
            qemu.qtest("out" + size + " " + hex(port) + " " + hex(value));
        }

        private void select(QtestQemu qemu, int slot, int offset) throws IOException {
            qemu.qtest("outl 0xcf8 " + hex(0x8000_0000L | (long) slot << 11 | offset));
        }

        // The first instruction is 16 bytes before the end: HLT, and a jump back to it.
        @Override
        byte[] firmware() {
            byte[] bytes = new byte[FIRMWARE_BYTES];
            Arrays.fill(bytes, (byte) 0xf4);
            bytes[FIRMWARE_BYTES - 15] = (byte) 0xeb;
            bytes[FIRMWARE_BYTES - 14] = (byte) 0xfd;
            return bytes;
        }
    },

    /** ARM's {@code virt} with its default processor, which has 32 bits: configuration space and I/O ports are in memory. */
    ARM_VIRT(0x1000_0000, 0x4100_0000) {
        @Override
        long configRead(QtestQemu qemu, int slot, int offset) throws IOException {
            return qemu.qtest("readl " + hex(configAddress(slot, offset)));
        }

        @Override
        void configWrite(QtestQemu qemu, int slot, int offset, long value) throws IOException {
            qemu.qtest("writel " + hex(configAddress(slot, offset)) + " " + hex(value));
        }

        @Override
        long portRead(QtestQemu qemu, long port) throws IOException {
            return qemu.qtest("readl " + hex(0x3eff_0000L + port));
        }

        @Override
        void portWrite(QtestQemu qemu, char size, long port, long value) throws IOException {
            qemu.qtest("write" + size + " " + hex(0x3eff_0000L + port) + " " + hex(value));
        }

        private long configAddress(int slot, int offset) {
            return 0x3f00_0000L + ((long) slot << 15) + offset;
        }

        // The first instruction is at the beginning: WFI, and a jump back to it.
        @Override
        byte[] firmware() {
            byte[] bytes = new byte[FIRMWARE_BYTES];
            byte[] halt = {0x03, (byte) 0xf0, 0x20, (byte) 0xe3, (byte) 0xfd, (byte) 0xff, (byte) 0xff, (byte) 0xea};
            System.arraycopy(halt, 0, bytes, 0, halt.length);
            return bytes;
        }
    };

    /** Minimum size in bytes of a PC's firmware. */
    private static final int FIRMWARE_BYTES = 1 << 16;

    private final long bars;
    private final long rings;

    Board(long bars, long rings) {
        this.bars = bars;
        this.rings = rings;
    }

    /** Returns the board of a machine type. */
    static Board of(String machine) {
        return machine.startsWith("virt") ? ARM_VIRT : PC;
    }

    abstract long configRead(QtestQemu qemu, int slot, int offset) throws IOException;

    abstract void configWrite(QtestQemu qemu, int slot, int offset, long value) throws IOException;

    /** Reads 32 bits of I/O space. */
    abstract long portRead(QtestQemu qemu, long port) throws IOException;

    /** Writes to I/O space; the size is qtest's letter, such as {@code b} for 8 bits. */
    abstract void portWrite(QtestQemu qemu, char size, long port, long value) throws IOException;

    /** Returns a firmware that halts the processor. */
    abstract byte[] firmware();

    /** Returns the address of 256 MiB in memory for BARs. */
    long bars() {
        return bars;
    }

    /** Returns the address of 32 MiB in the machine's memory for rings. */
    long rings() {
        return rings;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
