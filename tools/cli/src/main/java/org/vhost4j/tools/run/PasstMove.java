// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.vhost4j.host.passt.PasstProcess;
import org.vhost4j.host.stream.StreamPort;
import org.vhost4j.host.stream.StreamState;
import org.vhost4j.sys.AdoptedProcess;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.RunningProgram;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/**
 * The state of a running passt that is handed over to another back-end.
 *
 * @param socket connection to passt
 * @param program the process
 * @param state state of the connection
 */
record PasstMove(Fd socket, AdoptedProcess program, StreamState state) {
    /** Writes the state, or a mark that no passt runs; the other back-end then starts one. */
    static void save(StreamPort port, PasstProcess passt, StateWriter to) {
        RunningProgram program = passt.program();
        Fd handle = program == null ? null : handle(program);
        to.flag(handle != null);
        if (program == null || handle == null) {
            return;
        }
        StreamState state = port.state();
        to.descriptor(port.socket())
                .descriptor(program.errors())
                .descriptor(handle)
                .number(program.pid())
                .block(state.unread())
                .block(state.unwritten())
                .number(state.whole());
        FrameMove.save(state.held(), to);
    }

    /** Returns a descriptor of the process; null when it has ended, which the port has not detected yet. */
    private static @Nullable Fd handle(RunningProgram program) {
        try {
            return program.handle();
        } catch (SystemError e) {
            if (e.errno() == Errno.ESRCH) {
                return null;
            }
            throw e;
        }
    }

    /** Reads the state; empty when there is none. */
    static Optional<PasstMove> read(StateReader from) throws HandOverException {
        if (!from.flag()) {
            return Optional.empty();
        }
        Fd socket = from.descriptor();
        Fd errors = from.descriptor();
        Fd handle = from.descriptor();
        boolean done = false;
        try {
            if (socket == null || errors == null || handle == null) {
                throw new HandOverException("port user was handed over without its passt");
            }
            AdoptedProcess program = new AdoptedProcess(from.number(), handle, errors);
            byte[] unread = from.block();
            byte[] unwritten = from.block();
            int whole = from.number();
            StreamState state = new StreamState(unread, unwritten, whole, FrameMove.read("port user", from));
            done = true;
            return Optional.of(new PasstMove(socket, program, state));
        } finally {
            if (!done) {
                Stream.of(socket, errors, handle).filter(Objects::nonNull).forEach(Fd::close);
            }
        }
    }

    /** Passes the process and its connection to a halted port. */
    void adopt(StreamPort port, PasstProcess passt) throws HandOverException {
        try {
            port.adopt(socket, state);
            passt.adopt(program, socket);
        } catch (IllegalArgumentException e) {
            program.close();
            throw new HandOverException("port user came with " + e.getMessage());
        }
    }

    /** Closes the descriptors, which were read only to check that they can be taken over. */
    void close() {
        socket.close();
        program.close();
    }
}
