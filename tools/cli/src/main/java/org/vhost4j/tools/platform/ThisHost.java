// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.tools.common.MainClass;

/**
 * Probes the host on which this process runs. A user without privileges may create the TAP interface that most probes need only in a
 * separate network namespace. Therefore a child process in a new user and network namespace repeats the probes that were not possible; the
 * kernel is the same.
 */
public final class ThisHost {
    private static final long PATIENCE_SECONDS = 30;
    private static final String NAMESPACE = " (in a user namespace)";

    private ThisHost() {}

    /**
     * Probes the host, with a child process if a privilege is missing.
     *
     * @return the capabilities of the host
     */
    public static HostCapabilities ask() {
        HostCapabilities host = HostProbe.probe();
        return HostProbe.needsAdmin(host) ? askInNamespace(host) : host;
    }

    /**
     * Repeats, in a child process, the probes that were not possible without a privilege.
     *
     * @param host the capabilities found so far
     * @return the capabilities; those that are still unknown have the reason why the attempt failed
     */
    public static HostCapabilities askInNamespace(HostCapabilities host) {
        return askAgain(host, "unshare");
    }

    /**
     * Repeats the probes without an answer.
     *
     * @param host the answers so far
     * @param unshare the program that creates namespaces (util-linux), a name to be found in PATH or a path
     * @return the answers; those still unknown have the reason why the attempt failed
     */
    static HostCapabilities askAgain(HostCapabilities host, String unshare) {
        HostCapabilities there;
        try {
            there = inNamespace(unshare);
        } catch (IOException e) {
            return amended(host, host, " or user namespaces: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return host;
        }
        return amended(host, there, "");
    }

    private static HostCapabilities amended(HostCapabilities host, HostCapabilities there, String why) {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        host.answers().forEach((capability, answer) -> {
            Answer other = there.answer(capability);
            if (answer.verdict() != Answer.Verdict.UNKNOWN) {
                answers.put(capability, answer);
            } else if (other.verdict() != Answer.Verdict.UNKNOWN) {
                answers.put(capability, new Answer(other.verdict(), other.asked(), other.said() + NAMESPACE));
            } else {
                boolean admin = answer.said().equals(HostProbe.NEEDS_ADMIN);
                answers.put(capability, Answer.unknown(answer.asked(), answer.said() + (admin ? why : "")));
            }
        });
        return new HostCapabilities(host.host(), host.kernel(), answers);
    }

    private static HostCapabilities inNamespace(String unshare) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(List.of(
                        unshare,
                        "--user",
                        "--map-root-user",
                        "--net",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Djna.nosys=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MainClass.NAME,
                        "platform",
                        "probe",
                        "--json",
                        "--in-place"))
                .start();
        try {
            child.getOutputStream().close();
            String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            String err = new String(child.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || child.exitValue() != 0) {
                throw new IOException(err.lines().findFirst().orElse(unshare + " failed"));
            }
            return HostCapabilitiesJson.parse(out, "the namespace's answers");
        } finally {
            child.destroyForcibly();
        }
    }
}
