// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A command line in README.md or a page in {@code docs}, in a block of code or in code style.
 *
 * @param page the name of the page
 * @param line the line as shown, with the lines that a backslash joins
 * @param words the words as a shell splits them, the program first
 * @param shown the lines that the page shows as output, if its block has prompts
 */
public record DocumentCommand(String page, String line, List<String> words, List<String> shown) {
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```[a-z]*\\n(.*?)^```|(?:^ {4}[^\\n]*\\n)+");
    private static final Pattern INLINE = Pattern.compile("(?<!`)`([^`\\n]+)`");
    private static final Pattern PROGRAM = Pattern.compile(
            "^(?:\\$ |# |nohup |timeout \\d+ |sudo )?((?:\\S*/)?tools/[a-z][\\w/-]*|vhost4j(?:-net)?)(?= |$).*");
    private static final Pattern WORD = Pattern.compile("(?:'[^']*'|\"[^\"]*\"|[^\\s'\"])+");

    /**
     * All of README.md and of {@code docs}.
     *
     * @return page by page; those of a page's blocks before those of its sentences
     * @throws IOException when a page cannot be read
     */
    public static List<DocumentCommand> all() throws IOException {
        List<DocumentCommand> all = new ArrayList<>();
        for (Path page : SourceTree.files(name -> name.endsWith(".md"))) {
            if (SourceTree.ROOT.equals(page.getParent())
                    || SourceTree.ROOT.resolve("docs").equals(page.getParent())) {
                addAll(page, all);
            }
        }
        return all;
    }

    private static void addAll(Path page, List<DocumentCommand> all) throws IOException {
        String text = Files.readString(page).replaceAll("\\\\\\n\\s*", "");
        String name = page.getFileName().toString();
        Matcher block = BLOCK.matcher(text);
        while (block.find()) {
            String code = block.group(1) == null ? block.group() : block.group(1);
            // Where there is a prompt, the other lines are what was printed.
            boolean prompts = code.lines().anyMatch(line -> line.strip().startsWith("$ "));
            List<String> lines = code.lines().map(String::strip).toList();
            for (int i = 0; i < lines.size(); i++) {
                if (!prompts) {
                    add(name, lines.get(i), List.of(), all);
                } else if (lines.get(i).startsWith("$ ")) {
                    int end = i + 1;
                    while (end < lines.size() && !lines.get(end).startsWith("$ ")) {
                        end++;
                    }
                    add(name, lines.get(i), lines.subList(i + 1, end), all);
                }
            }
        }
        // Of what is in code style only whole command lines count: a program alone is a name.
        Matcher inline = INLINE.matcher(BLOCK.matcher(text).replaceAll(""));
        while (inline.find()) {
            if (inline.group(1).contains(" ")) {
                add(name, inline.group(1), List.of(), all);
            }
        }
    }

    private static void add(String page, String line, List<String> shown, List<DocumentCommand> all) {
        Matcher program = PROGRAM.matcher(line);
        if (!program.matches()) {
            return;
        }
        // What a shell does after the command is not of it.
        String command = line.substring(program.start(1))
                .replaceFirst("\\s+#.*", "")
                .replaceFirst("\\s+(?:[|&;]|\\d?[<>]).*", "");
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(command);
        while (word.find()) {
            words.add(word.group().replaceAll("['\"]", ""));
        }
        all.add(new DocumentCommand(page, command, words, List.copyOf(shown)));
    }

    /** The last part of the program's path. */
    String program() {
        String path = words.getFirst();
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** What is behind the program. */
    List<String> arguments() {
        return words.subList(1, words.size());
    }

    @Override
    public String toString() {
        return page + ": " + line;
    }
}
