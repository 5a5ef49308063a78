// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.sys.BoundedFile;

/**
 * Reads a file of options for QEMU's {@code -readconfig}: sections such as {@code [device "net0"]}, and lines such as
 * {@code driver = "x"}.
 */
final class ConfigFile {
    private static final int MOST_BYTES = 1 << 20;
    private static final Pattern SECTION = Pattern.compile("\\s*\\[\\s*([\\w-]+)\\s*(?:\"([^\"]*)\"\\s*)?\\]\\s*");
    private static final Pattern LINE = Pattern.compile("\\s*([\\w.-]+)\\s*=\\s*\"([^\"]*)\"\\s*");

    private ConfigFile() {}

    /**
     * Reads the file. QEMU reports errors in it.
     *
     * @param name name of the file on the command line
     * @param index index of that word of the command line
     * @return its sections as options, in order; none for a file that cannot be read twice, such as a pipe
     */
    static List<GivenOption> read(String name, int index) {
        List<GivenOption> options = new ArrayList<>();
        Path path = QemuProgram.path(name);
        if (!Files.isRegularFile(path)) {
            return options;
        }
        String text;
        try {
            text = BoundedFile.readText(path, MOST_BYTES);
        } catch (IOException e) {
            return options;
        }
        String section = "";
        Map<String, String> values = new LinkedHashMap<>();
        for (String line : text.split("\n", -1)) {
            Matcher begins = SECTION.matcher(line);
            Matcher says = LINE.matcher(line);
            if (begins.matches()) {
                add(options, section, values, index, name);
                section = begins.group(1);
                values = new LinkedHashMap<>();
                String id = begins.group(2);
                if (id != null) {
                    values.put("id", id);
                }
            } else if (says.matches()) {
                values.put(says.group(1), says.group(2));
            }
        }
        add(options, section, values, index, name);
        return options;
    }

    private static void add(
            List<GivenOption> options, String section, Map<String, String> values, int index, String file) {
        if (!section.isEmpty()) {
            options.add(new GivenOption(section, values, index, Optional.of(file)));
        }
    }
}
