// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The manifests in {@code docs/kubernetes} use the labels that {@code platform labels} prints. */
class KubernetesTest {
    private static final Pattern LABEL = Pattern.compile("feature\\.node\\.kubernetes\\.io/([\\w.-]+)");

    @Test
    void labelsAreThoseThatTheCommandPrints() throws IOException {
        StringWriter out = new StringWriter();
        int status =
                Vhost4j.line("platform").setOut(new PrintWriter(out, true)).execute("platform", "labels", "--emulate");
        assertThat(status).isZero();
        List<String> printed =
                out.toString().lines().map(line -> line.replace("=true", "")).toList();
        for (String file : List.of("labels.yaml", "guest.yaml")) {
            List<String> used = LABEL.matcher(Files.readString(SourceTree.ROOT.resolve("docs/kubernetes/" + file)))
                    .results()
                    .map((MatchResult label) -> label.group(1))
                    .toList();
            assertThat(used).isNotEmpty();
            assertThat(printed).containsAll(used);
        }
    }
}
