// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.tools.Vhost4j;

/** {@code vhost4j run} with the {@code null} or the {@code source} port, in a JVM with the flags of this one. */
record OwnBackEnd(Child child, Row row) implements BackEnd {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    static OwnBackEnd start(Children children, int core, Path socket, Row row) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current()
                .info()
                .command()
                .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Vhost4j.class.getName(), "run"));
        command.addAll(List.of("--socket-path=" + socket, "--idle=poll"));
        command.add(row.direction() == Direction.SEND ? "--port=null" : "--port=source:size=" + row.frameBytes());
        Child child = children.start("our back-end", core, command);
        child.await("waiting for a front-end", PATIENCE);
        return new OwnBackEnd(child, row);
    }

    @Override
    public long frames() throws IOException {
        child.await("front-end detached", PATIENCE);
        String line = child.await("\n", PATIENCE);
        String meaning = (row.direction() == Direction.SEND ? Counter.TX_FRAMES : Counter.RX_FRAMES).meaning();
        Matcher matcher =
                Pattern.compile("([0-9]{1,18}) " + Pattern.quote(meaning)).matcher(line);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    @Override
    public void close() {
        child.close();
    }
}
