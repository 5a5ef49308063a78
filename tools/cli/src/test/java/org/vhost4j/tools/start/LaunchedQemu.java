// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A real QEMU executed by {@code vhost4j-qemu}, with its monitor on standard input and output. Its machine does not
 * run.
 */
final class LaunchedQemu implements AutoCloseable {
    private static final long LIFETIME_SECONDS = 300;

    private final Path err;
    private final Process process;
    private final BufferedReader in;
    private final Writer out;

    /**
     * Starts one.
     *
     * @param installation the program
     * @param qemu which QEMU
     * @param err takes what it says
     * @param arguments of QEMU's
     * @throws IOException when it ends, with what it said
     */
    LaunchedQemu(Installation installation, Path qemu, Path err, List<String> arguments) throws IOException {
        this.err = err;
        List<String> command = new ArrayList<>(
                List.of("setpriv", "--pdeathsig", "KILL", installation.program().toString()));
        command.addAll(arguments);
        command.addAll(List.of("-accel", "tcg", "-nodefaults", "-display", "none", "-S", "-qmp", "stdio"));
        process =
                installation.builder(qemu, command).redirectError(err.toFile()).start();
        CompletableFuture.delayedExecutor(LIFETIME_SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
        in = process.inputReader(StandardCharsets.UTF_8);
        out = process.outputWriter(StandardCharsets.UTF_8);
        execute("{\"execute\":\"qmp_capabilities\"}");
    }

    /** Carries out a command; events in between are skipped. */
    JsonNode execute(String command) throws IOException {
        try {
            out.write(command + "\n");
            out.flush();
        } catch (IOException e) {
            throw new IOException("QEMU ended: " + Files.readString(err), e);
        }
        for (@Nullable String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode answer = JsonMapper.shared().readTree(line);
            if (answer.has("return")) {
                return answer.get("return");
            } else if (answer.has("error")) {
                throw new IOException(command + ": " + answer.get("error"));
            }
        }
        throw new IOException("QEMU ended: " + Files.readString(err));
    }

    /** A switch of a device, as QEMU reports it. */
    boolean isOn(String id, String property) throws IOException {
        return execute(
                        "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/%s\",\"property\":\"%s\"}}"
                                .formatted(id, property))
                .asBoolean();
    }

    /** Plugs a device in while the machine is there. */
    void plug(String driver, String id, String rest) throws IOException {
        execute("{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"%s\",\"id\":\"%s\"%s}}"
                .formatted(driver, id, rest));
    }

    /** What it has printed on standard error. */
    String err() throws IOException {
        return Files.readString(err);
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
