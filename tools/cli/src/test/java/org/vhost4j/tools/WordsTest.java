// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Tests that no source, script or document uses a word or phrase that {@code docs/words.txt} lists. */
class WordsTest {
    /** What is around a match, in characters to either side. */
    private static final int CONTEXT = 40;

    private static final Pattern CONTINUED_COMMENT = Pattern.compile("\\n\\s*(?:\\*(?!/)|//[/!]?|#+)?");
    private static final Pattern CONTINUED_STRING = Pattern.compile("\"\\s*[+\\n]\\s*\"");

    /** Ends of the names of files with comments, messages or other text in English; scripts have names without a dot. */
    private static final Pattern TEXT = Pattern.compile(
            ".*\\.(?:c|conf|css|h|html|java|js|json|md|properties|py|rs|service|sh|sysusers|toml|xml|yaml)");

    private static final Pattern CAMEL_CASE = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_|\\s+");

    /** A document or source that may use a listed phrase. */
    private record Exemption(String file, String phrase) {}

    /**
     * The content of the list.
     *
     * @param instead the replacement by phrase in lower case
     * @param exemptions the files that may use a phrase
     */
    private record Words(Map<String, String> instead, List<Exemption> exemptions) {
        static Words read(List<String> lines) {
            Map<String, String> instead = new HashMap<>();
            List<Exemption> exemptions = new ArrayList<>();
            for (String line : lines) {
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                String[] sides = line.split(" = ", 2);
                assertThat(sides).as(line).hasSize(2);
                if (line.startsWith("! ")) {
                    String[] exempt = sides[0].substring(2).split(": ", 2);
                    assertThat(exempt).as(line).hasSize(2);
                    exemptions.add(new Exemption(exempt[0], exempt[1]));
                } else {
                    assertThat(instead.put(sides[0], sides[1])).as(line).isNull();
                }
            }
            return new Words(instead, exemptions);
        }

        Pattern pattern() {
            return Pattern.compile(
                    instead.keySet().stream().map(Pattern::quote).collect(Collectors.joining("|", "\\b(?:", ")\\b")),
                    Pattern.CASE_INSENSITIVE);
        }
    }

    /** The text of a file, on one line, with names in camel case as words. */
    private static String prose(String text) {
        String joined = CONTINUED_STRING.matcher(text).replaceAll("");
        return CAMEL_CASE
                .matcher(CONTINUED_COMMENT.matcher(joined).replaceAll(" "))
                .replaceAll(" ");
    }

    private static List<String> findings(Words words, Pattern pattern, String file, String text, Set<Exemption> used) {
        List<String> findings = new ArrayList<>();
        String prose = prose(text);
        Matcher matcher = pattern.matcher(prose);
        while (matcher.find()) {
            String phrase = matcher.group().toLowerCase(Locale.ROOT);
            List<Exemption> exempt = words.exemptions.stream()
                    .filter(each -> file.endsWith(each.file) && each.phrase.equals(phrase))
                    .toList();
            used.addAll(exempt);
            if (exempt.isEmpty()) {
                String around = prose.substring(
                        Math.max(0, matcher.start() - CONTEXT), Math.min(prose.length(), matcher.end() + CONTEXT));
                findings.add(file + ": '" + phrase + "' in '" + around + "': write " + words.instead.get(phrase));
            }
        }
        return findings;
    }

    /** Sources, schemas, units and documents by their names, scripts by their first character. */
    private static List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path file : SourceTree.files(name -> TEXT.matcher(name).matches() || name.indexOf('.') < 0)) {
            if (TEXT.matcher(file.toString()).matches() || isScript(file)) {
                files.add(file);
            }
        }
        files.add(SourceTree.ROOT.resolve(".ci/run"));
        return files;
    }

    /** Whether a file begins with a comment or with the line that names its interpreter. */
    private static boolean isScript(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.read() == '#';
        }
    }

    @Test
    void sourcesScriptsAndDocumentsUsePlainTechnicalEnglish() throws IOException {
        Words words = Words.read(Files.readAllLines(SourceTree.ROOT.resolve("docs/words.txt")));
        Pattern pattern = words.pattern();
        List<String> findings = new ArrayList<>();
        Set<Exemption> used = new HashSet<>();
        List<Path> files = files();
        assertThat(files).hasSizeGreaterThan(1000);
        assertThat(files.stream().map(file -> SourceTree.ROOT.relativize(file).toString()))
                .contains(
                        "tools/vhost4j",
                        "tools/lab/provision",
                        "tools/lab/front_ends/guests.py",
                        "tools/cli/src/main/c/vhost4j-qemu.c",
                        "tools/packaging/vhost4j@.service",
                        "tools/qmp/src/main/resources/org/vhost4j/qmp/vhost4j.qapi.json");
        for (Path file : files) {
            String name = SourceTree.ROOT.relativize(file).toString();
            if (!name.endsWith("/WordsTest.java")) {
                findings.addAll(findings(words, pattern, name, Files.readString(file), used));
            }
        }
        assertThat(findings).isEmpty();
        // An exemption that is not needed any more is taken out.
        assertThat(used).containsExactlyInAnyOrderElementsOf(words.exemptions);
    }

    @Test
    void findsPhrasesAcrossLinesInStringsAndInNames() {
        Words words = Words.read(List.of("nobody = no process", "go on = continue", "! Kept.java: nobody = a user"));
        Pattern pattern = words.pattern();
        Set<Exemption> used = new HashSet<>();
        // In place of ends of lines there are bars.
        for (String text : List.of(
                "     * rings go|     * on",
                "    // rings go|    // on",
                "# rings go|# on",
                "/// rings go|/// on",
                "'rings go '|    'on'",
                "'rings go '|        + 'on'",
                "void ringsGoOn()",
                "int GO_ON = 1;",
                "Nobody reads.")) {
            assertThat(findings(
                            words, pattern, "Some.java", text.replace('|', '\n').replace('\'', '"'), used))
                    .as(text)
                    .hasSize(1);
        }
        assertThat(findings(words, pattern, "Some.java", "let it go, only then; a goon", used))
                .isEmpty();
        assertThat(used).isEmpty();
        assertThat(findings(words, pattern, "Kept.java", "nobody", used)).isEmpty();
        assertThat(used).hasSize(1);
    }
}
