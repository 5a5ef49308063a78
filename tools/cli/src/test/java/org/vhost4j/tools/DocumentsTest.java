// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Tests that every class, method, path and link in README.md and the pages in {@code docs} exists. */
class DocumentsTest {
    /** Classes and options of the JDK, netty and QEMU, and names that classes must not have. */
    private static final Set<String> FOREIGN = Set.of(
            "AsyncDeflationInterval",
            "ByteBuffer",
            "CompileCommand",
            "CompileThresholdScaling",
            "DirectByteBuffer",
            "Helper",
            "InternalError",
            "LogCompilation",
            "Manager",
            "MemorySegment",
            "NodeCountInliningCutoff",
            "PlatformDependent",
            "SchemaInfo",
            "ServiceThreadCleanupInterval",
            "Tier3DelayOn",
            "Utils");

    /** In these pages every capitalised word in code style is a class; elsewhere only those in camel case. */
    private static final Set<String> ABOUT_CODE =
            Set.of("architecture.md", "CONTRIBUTING.md", "debugging.md", "extending.md");

    private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");
    private static final Pattern CLASS =
            Pattern.compile("(?:org\\.vhost4j\\.[a-z.]*\\.)?([A-Z]\\w*[a-z]\\w*)(?:\\.(\\w+)(?:\\(.*\\))?)?");
    private static final Pattern CAMEL_CASE = Pattern.compile("[A-Z][a-z0-9]+[A-Z].*");
    private static final Pattern PACKAGE = Pattern.compile("org\\.vhost4j(\\.[a-z]+)+");
    private static final Pattern PATH =
            Pattern.compile("((?:\\.ci|benchmarks|device-model|docs|platform|tools|vhost-user)/[\\w./-]+).*");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]*)(?:#([^)\\s]*))?\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

    /** Sources by the simple name of their class. */
    private final Map<String, List<Path>> sources;

    DocumentsTest() throws IOException {
        sources = SourceTree.files(name -> name.endsWith(".java")).stream()
                .collect(Collectors.groupingBy(
                        file -> file.getFileName().toString().replace(".java", "")));
    }

    private static List<String> findings(Function<String, List<String>> ofPage) throws IOException {
        List<String> findings = new ArrayList<>();
        List<Path> pages = SourceTree.files(name -> name.endsWith(".md")).stream()
                .filter(DocumentsTest::isPage)
                .toList();
        assertThat(pages).hasSizeGreaterThan(10);
        for (Path page : pages) {
            ofPage.apply(page.toString()).forEach(each -> findings.add(page.getFileName() + ": " + each));
        }
        return findings;
    }

    private static boolean isPage(Path file) {
        Path directory = file.getParent();
        return SourceTree.ROOT.equals(directory)
                || SourceTree.ROOT.resolve("docs").equals(directory);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void classesAndMethodsExist() throws IOException {
        assertThat(findings(page -> {
                    List<String> missing = new ArrayList<>();
                    boolean aboutCode =
                            ABOUT_CODE.contains(Path.of(page).getFileName().toString());
                    Matcher code = CODE.matcher(text(Path.of(page)));
                    while (code.find()) {
                        Matcher name = CLASS.matcher(code.group(1));
                        if (name.matches()
                                && (aboutCode
                                        || CAMEL_CASE.matcher(name.group(1)).matches())
                                && !FOREIGN.contains(name.group(1))
                                && !isThere(name.group(1), name.group(2))) {
                            missing.add(code.group(1));
                        }
                    }
                    return missing;
                }))
                .isEmpty();
    }

    /** Whether there is a class, and a method, constant or nested class in it. */
    private boolean isThere(String simpleName, String member) {
        List<Path> files = sources.getOrDefault(simpleName, List.of());
        return member == null
                ? !files.isEmpty()
                : files.stream()
                        .anyMatch(file -> Pattern.compile("\\b" + member + "\\b")
                                .matcher(text(file))
                                .find());
    }

    @Test
    void packagesExist() throws IOException {
        Set<String> packages = sources.values().stream()
                .flatMap(List::stream)
                .map(file -> file.toString()
                        .replaceFirst(".*/java/", "")
                        .replaceFirst("/[^/]*$", "")
                        .replace('/', '.'))
                .collect(Collectors.toSet());
        assertThat(findings(page -> {
                    List<String> missing = new ArrayList<>();
                    Matcher code = CODE.matcher(text(Path.of(page)));
                    while (code.find()) {
                        String name = code.group(1);
                        if (PACKAGE.matcher(name).matches()
                                && packages.stream().noneMatch(each -> (each + ".").startsWith(name + "."))) {
                            missing.add(name);
                        }
                    }
                    return missing;
                }))
                .isEmpty();
    }

    @Test
    void pathsExist() throws IOException {
        assertThat(findings(page -> {
                    List<String> missing = new ArrayList<>();
                    Matcher code = CODE.matcher(text(Path.of(page)));
                    while (code.find()) {
                        Matcher path = PATH.matcher(code.group(1));
                        // What a build leaves is not there before it.
                        if (path.matches()
                                && !path.group(1).contains("/target")
                                && !Files.exists(SourceTree.ROOT.resolve(path.group(1)))) {
                            missing.add(code.group(1));
                        }
                    }
                    return missing;
                }))
                .isEmpty();
    }

    @Test
    void linksLeadSomewhere() throws IOException {
        Map<Path, List<String>> anchors = new HashMap<>();
        assertThat(findings(page -> {
                    List<String> missing = new ArrayList<>();
                    Matcher link = LINK.matcher(text(Path.of(page)));
                    while (link.find()) {
                        if (link.group(1).contains("://")) {
                            continue;
                        }
                        Path target = link.group(1).isEmpty()
                                ? Path.of(page)
                                : Path.of(page).resolveSibling(link.group(1)).normalize();
                        if (!Files.exists(target)
                                || (link.group(2) != null
                                        && !anchors.computeIfAbsent(target, DocumentsTest::anchors)
                                                .contains(link.group(2)))) {
                            missing.add(link.group());
                        }
                    }
                    return missing;
                }))
                .isEmpty();
    }

    /** The headings of a page as links name them. */
    private static List<String> anchors(Path page) {
        return HEADING.matcher(text(page))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\w\\- ]", "")
                        .replace(' ', '-'))
                .toList();
    }
}
