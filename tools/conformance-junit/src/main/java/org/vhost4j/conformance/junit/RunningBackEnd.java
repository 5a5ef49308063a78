// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.junit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.conformance.BackEndProcess;
import org.vhost4j.conformance.BackEndUnderTest;
import org.vhost4j.conformance.ExpectedFailures;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.Suite;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.tools.common.UnsupportedOption;

/** A back-end that was started for a test class. */
final class RunningBackEnd implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("\\$\\{([^}]+)}");

    private final Path directory;
    private final BackEndUnderTest backEnd;
    private final Suite.Session session;

    /**
     * Starts the back-end.
     *
     * @throws UnsupportedOption when it does not start, or the annotation is invalid
     */
    RunningBackEnd(BackEnd how) {
        if (!(how.timeout() >= 0.1 && how.timeout() <= 600)) {
            throw new UnsupportedOption("@BackEnd(timeout = " + how.timeout() + "): from 0.1 to 600 seconds");
        }
        Duration patience = Duration.ofMillis(Math.round(1000 * how.timeout()));
        LoopMode loop = LoopMode.ofOption(how.loop()).orElse(null);
        ExpectedFailures expected = how.expected().isEmpty()
                ? ExpectedFailures.NONE
                : ExpectedFailures.read(Path.of(how.expected()), LocalDate.now(ZoneOffset.UTC), null);
        String command = filledIn(how.value());
        directory = directory();
        Path socket = directory.resolve("back-end.sock");
        backEnd = new BackEndUnderTest(socket, false, new BackEndProcess(command, socket, true), patience);
        try {
            session = new Suite(backEnd, patience)
                    .seed(how.seed())
                    .expect(expected)
                    .begin(loop);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static Path directory() {
        try {
            return Files.createTempDirectory("vhost4j");
        } catch (IOException e) {
            throw new UnsupportedOption("@BackEnd: no place for the socket: " + e.getMessage());
        }
    }

    /** Returns the command with the values of its placeholders. */
    static String filledIn(String command) {
        return NAME.matcher(command).replaceAll(name -> {
            String property = System.getProperty(name.group(1));
            String value = property == null ? System.getenv(name.group(1)) : property;
            if (value == null) {
                throw new UnsupportedOption(
                        "@BackEnd: there is no system property or environment variable '" + name.group(1) + "'");
            }
            return Matcher.quoteReplacement(value);
        });
    }

    Conformance conformance() {
        return new Conformance(session);
    }

    FrontEnd connect() {
        return backEnd.connect();
    }

    @Override
    public void close() {
        backEnd.close();
        try {
            Files.deleteIfExists(directory.resolve("back-end.sock"));
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            // Not in the system's directory of temporary files, which other programs may clean.
            directory.toFile().deleteOnExit();
        }
    }
}
