// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.vhost4j.sys.Await;

/**
 * The resources of this process of the kinds that a session can leak: sockets, eventfds and memory files, open or
 * mapped. Other kinds vary with class loading.
 */
record Held(Map<String, Integer> counts) {
    static Held now() {
        Map<String, Integer> counts = new TreeMap<>();
        String[] numbers = new File("/proc/self/fd").list();
        assertThat(numbers).isNotNull();
        for (String number : numbers) {
            String target = target(Path.of("/proc/self/fd", number));
            if (target.startsWith("socket:")) {
                counts.merge("sockets", 1, Integer::sum);
            } else if (target.equals("anon_inode:[eventfd]")) {
                counts.merge("eventfds", 1, Integer::sum);
            } else if (target.startsWith("/memfd:vhost4j")) {
                counts.merge("memory files", 1, Integer::sum);
            }
        }
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
                if (line.contains("/memfd:vhost4j")) {
                    counts.merge("mappings", 1, Integer::sum);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Held(counts);
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            // The descriptor by which the directory was listed is gone by now.
            return "";
        }
    }

    /**
     * Waits until this process holds no more than this of any kind. A back-end lets go soon after its front-end, not at once: so what
     * was counted here may have included something of an earlier front-end, and less is as good as the same.
     */
    void awaitAgain() {
        Await.until(() -> "held is " + now() + ", and was " + this, Await.PATIENCE, () -> now().isWithin(this));
    }

    private boolean isWithin(Held before) {
        return counts.entrySet().stream()
                .allMatch(each -> each.getValue() <= before.counts.getOrDefault(each.getKey(), 0));
    }
}
