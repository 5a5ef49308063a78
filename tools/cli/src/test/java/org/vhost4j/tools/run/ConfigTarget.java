// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.vhost4j.fuzz.FuzzTarget;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The text of a file of {@code run --config}. */
public final class ConfigTarget implements FuzzTarget {
    private final CommandSpec run = new CommandLine(new RunCommand()).getCommandSpec();
    private final Path file;

    /** Makes the file. */
    public ConfigTarget() {
        try {
            Path memory = Path.of("/dev/shm");
            file = Files.isWritable(memory)
                    ? Files.createTempFile(memory, "vhost4j-fuzz", ".json")
                    : Files.createTempFile("vhost4j-fuzz", ".json");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return "config";
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                utf8("""
                        {"$schema": "x", "platform": "linux-6.17", "queues": 2, "cores": "0-1", "idle": "poll",
                         "guests": [{"socket-path": "/run/a", "mac": "52:54:00:00:00:01", "rate": 100, "trunks": [10, "20-30"]},
                                    {"fd": 3, "link": "down", "tag": 7}],
                         "ports": [{"port": "tap:ifname=tap0", "inbound-average": 5}, {"port": "null", "copy": "on"}]}
                        """),
                utf8("{\"guests\": [{\"socket-path\": \"/run/a,b\"}]}"),
                utf8(
                        "{\"ports\": [{\"port\": \"stream:tcp:host:1\", \"server\": \"on\"}, {\"port\": \"x\"}], \"mtu\": 1.5}"),
                utf8("[" + "[".repeat(100)));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void run(byte[] bytes) throws IOException {
        Files.write(file, bytes);
        try {
            ConfigFile read = ConfigFile.read(file, run);
            read.arguments().forEach(argument -> FuzzTarget.require(argument.startsWith("--"), argument));
            read.guests().values().forEach(read::value);
            read.ports().values().forEach(read::value);
        } catch (UnsupportedOption e) {
            FuzzTarget.requireLine(e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
