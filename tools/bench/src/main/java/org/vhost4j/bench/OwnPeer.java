// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.device.stats.Counter;

/**
 * This project's back-end, {@code vhost4j run}.
 *
 * @param name name in reports
 * @param idle value of {@code --idle}
 * @param copies whether frames are copied before they are dropped
 * @param lanes value of {@code --lanes}; with more than one it uses all cores of the back-ends
 * @param jvm further options of its JVM
 */
record OwnPeer(String name, String idle, boolean copies, int lanes, List<String> jvm) implements Peer {
    /** The name when there is only one such peer. */
    static final String NAME = "vhost4j";

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    OwnPeer {
        jvm = List.copyOf(jvm);
    }

    /** Returns a peer that polls, as DPDK does. */
    static OwnPeer polling() {
        return new OwnPeer(NAME, "poll", false, 1, List.of());
    }

    /** Returns a peer that polls, and copies each frame before dropping it, as DPDK does. */
    static OwnPeer copying() {
        return new OwnPeer("vhost4j null:copy=on", "poll", true, 1, List.of());
    }

    /** Returns a peer with the given idle policy. */
    static OwnPeer idling(String policy) {
        return new OwnPeer("vhost4j --idle=" + policy, policy, false, 1, List.of());
    }

    /** Returns this peer with the given name. */
    OwnPeer named(String other) {
        return new OwnPeer(other, idle, copies, lanes, jvm);
    }

    /** Returns this peer with further JVM options. */
    OwnPeer with(String... options) {
        return new OwnPeer(name, idle, copies, lanes, List.of(options));
    }

    /** Returns this peer with the given number of lanes. */
    OwnPeer onLanes(int number) {
        return new OwnPeer(name, idle, copies, number, jvm);
    }

    @Override
    public boolean polls() {
        return idle.equals("poll");
    }

    @Override
    public BackEnd start(Bench bench, Work work, List<Path> sockets) throws IOException {
        Plan plan = bench.plan();
        List<Integer> cores = lanes == 1 ? List.of(plan.backEndCore()) : plan.backEndCores();
        Child child = bench.children().start(name, cores, OwnProgram.command(jvm, arguments(work, sockets)));
        for (int i = 0; i < sockets.size(); i++) {
            child.await("waiting for a front-end", PATIENCE);
        }
        return new Running(child, sockets);
    }

    /** Returns the arguments after {@code vhost4j}. */
    List<String> arguments(Work work, List<Path> sockets) {
        List<String> arguments = new ArrayList<>(List.of("run", "--idle=" + idle, "--queues=" + work.queues()));
        if (lanes > 1) {
            arguments.add("--lanes=" + lanes);
        }
        sockets.forEach(socket -> arguments.add("--socket-path=" + socket));
        switch (work.kind()) {
            case DROP -> arguments.add(copies ? "--port=null:copy=on" : "--port=null");
            case SOURCE -> arguments.add("--port=source:size=" + work.frameBytes());
            case ECHO -> arguments.add("--port=echo");
            case BRIDGE -> {}
        }
        return arguments;
    }

    private record Running(Child child, List<Path> sockets) implements BackEnd {
        @Override
        public long frames(Direction direction) throws IOException {
            String meaning = (direction == Direction.SEND ? Counter.TX_FRAMES : Counter.RX_FRAMES).meaning();
            Pattern count = Pattern.compile("([0-9]{1,18}) " + Pattern.quote(meaning) + "(,|\\s)");
            long frames = 0;
            for (int i = 0; i < sockets.size(); i++) {
                child.await("front-end detached", PATIENCE);
                Matcher matcher = count.matcher(child.await("\n", PATIENCE));
                frames += matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
            }
            return frames;
        }
    }
}
