// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.oracle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;

/**
 * Two TAPs on a bridge in their own network namespace: frames written to one arrive at the other, after the kernel's
 * segmentation and checksum code.
 */
final class BridgedTaps implements AutoCloseable {
    /** How long a frame may take through the bridge, in milliseconds: generous, as it is only waited out on failure. */
    private static final int DEADLINE = 2000;

    private static final int MARKER_BYTES = 42;

    /** The addresses of {@code SuperFrame}, by which this test's frames are told from the host's own. */
    static final byte[] ADDRESSES = new byte[12];

    static {
        for (int i = 0; i < ADDRESSES.length; i++) {
            ADDRESSES[i] = (byte) (0x50 + i);
        }
    }

    private final String namespace = "vhost4j-" + ProcessHandle.current().pid();
    private final Tap in;
    private final Tap out;
    private int markers;

    BridgedTaps() {
        ip("netns", "add", namespace);
        try {
            String suffix = Long.toString(ProcessHandle.current().pid());
            in = attach("vh4i" + suffix);
            out = attach("vh4o" + suffix);
            ip("-n", namespace, "link", "add", "br0", "type", "bridge", "stp_state", "0", "mcast_snooping", "0");
            // br_netfilter would look into the packets, and a namespace starts with it on.
            ip(
                    "netns",
                    "exec",
                    namespace,
                    "sh",
                    "-c",
                    "for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 >$f; done");
            for (String port : List.of("vh4i" + suffix, "vh4o" + suffix)) {
                ip("-n", namespace, "link", "set", port, "master", "br0");
                up(port);
            }
            up("br0");
        } catch (RuntimeException e) {
            ip("netns", "del", namespace);
            throw e;
        }
    }

    private Tap attach(String name) {
        Tap tap = new Tap(name);
        ip("link", "set", name, "netns", namespace);
        return tap;
    }

    private void up(String device) {
        ip("-n", namespace, "link", "set", device, "addrgenmode", "none", "up");
    }

    /** What the receiving end takes: a mask of {@code TUN_F_*}. */
    void setOffload(int mask) {
        out.setOffload(mask);
    }

    /** Whether the receiving end could take all of a mask; if so, it does. */
    boolean knows(int mask) {
        return out.knows(mask);
    }

    /** Writes one frame; 0 or the negative errno. */
    int write(Frame header, byte[] bytes) {
        return in.write(header, bytes);
    }

    /**
     * Everything that came out since the last call, each frame after its header. A marker sent through the bridge says when
     * that is all: frames of one sender do not overtake each other.
     */
    List<byte[]> received() {
        byte[] marker = marker();
        if (in.write(new Frame(), marker) != 0) {
            throw new IllegalStateException("the kernel did not take the marker frame");
        }
        List<byte[]> frames = new ArrayList<>();
        while (true) {
            byte @Nullable [] frame = out.read(DEADLINE);
            if (frame == null) {
                throw new IllegalStateException("no marker after " + frames.size() + " frames");
            }
            if (Arrays.equals(frame, Tap.HEADER_BYTES, frame.length, marker, 0, marker.length)) {
                return frames;
            }
            if (isOurs(frame)) {
                frames.add(frame);
            }
        }
    }

    /** The host's own neighbour discovery also leaves by the TAP. */
    private static boolean isOurs(byte[] frame) {
        int end = Tap.HEADER_BYTES + ADDRESSES.length;
        return frame.length >= end && Arrays.equals(frame, Tap.HEADER_BYTES, end, ADDRESSES, 0, ADDRESSES.length);
    }

    private byte[] marker() {
        byte[] marker = Arrays.copyOf(ADDRESSES, MARKER_BYTES);
        // An Ethernet type for local experiments (IEEE 802), and a number.
        marker[12] = (byte) 0x88;
        marker[13] = (byte) 0xb5;
        markers++;
        for (int i = 0; i < 4; i++) {
            marker[14 + i] = (byte) (markers >>> (8 * i));
        }
        return marker;
    }

    private static void ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + output.strip());
            }
        } catch (IOException e) {
            throw new IllegalStateException("ip(8) of iproute2 is needed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public void close() {
        in.close();
        out.close();
        ip("netns", "del", namespace);
    }
}
