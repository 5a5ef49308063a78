// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.vhost4j.tools.packaging.SystemdAnalyze;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.ObjectMapper;

/**
 * Every block of code in README.md and the pages in {@code docs} that is not a command of vhost4j: JSON, XML, YAML, units of systemd and lines of a
 * shell are read by a reader of that language; for each other the test is named that has it, or why none has.
 */
class DocumentBlocksTest {
    private static final Pattern BLOCK =
            Pattern.compile("(?ms)^```([a-z]*)\\n(.*?)^```|(?<=\\n\\n)(?:^ {4}[^\\n]*\\n)+");
    private static final Pattern OURS =
            Pattern.compile("(?m)^\\s*(?:\\$ |\\S*=\\S* )?(?:\\S*tools/[a-z]|vhost4j |\\$vhost4j ).*");
    private static final Pattern SECTION = Pattern.compile("(?m)^\\s*\\[(Unit|Service|Socket|Path|Install)]$");
    private static final Pattern SHELL = Pattern.compile(
            "(?s)(?:mvn|ln|printf|jcmd|touch|mkdir|semanage|umask|virsh|curl|adduser|dpdk-testpmd|\\./my-backend|\\.) .*");

    /** By the beginning of the block: the test that has it, or why there is none. */
    private static final Map<String, String> OTHERS = new LinkedHashMap<>();

    static {
        OTHERS.put("guest A ", "a picture");
        OTHERS.put("front-end ", "a picture");
        OTHERS.put("NetFeatures ", "a picture");
        OTHERS.put("guest \u2500", "a picture");
        OTHERS.put("run.json:9:66:", "aWrongConfigurationIsToldAsThePageShows");
        OTHERS.put("vhost4j: --metrics=", "aPortInUseIsToldAsThePageShows");
        OTHERS.put("# CASE ", "ConformanceOptionsTest has lines of this form");
        OTHERS.put("case: ring.base", "ConformanceOptionsTest looks for such lines in what was recorded");
        OTHERS.put("import java.nio.file.Path;", "ArtifactIT compiles and runs it");
        OTHERS.put("@BackEnd(", "ConformanceExampleTest has the same class");
        OTHERS.put("14:20:07.318204", "MessageLinesTest has the lines, TraceTest their beginnings");
        OTHERS.put("features ", "the words of other versions of DPDK; DpdkBackEndIT probes one");
        OTHERS.put("home = ", "QemuLauncherIT starts with such a file");
        OTHERS.put("# /usr/local/bin/vhost4j-qemu.conf", "QemuLauncherIT starts with such a file");
        OTHERS.put("/usr/local/bin/vhost4j-qemu rmix,", "rules of AppArmor, which the kernels of tests do not have");
        OTHERS.put("\"/run/vhost4j/a.sock\" rw,", "rules of AppArmor, which the kernels of tests do not have");
        OTHERS.put("warning: guest0: CHECK_DEVICE_STATE", "DeviceMoveTest has the sentence");
        OTHERS.put("$ sha256sum ", "the digests of one day's builds");
        OTHERS.put("-incoming '", "CprTransferIT starts QEMU with them");
    }

    private record Block(String page, String language, String text) {
        @Override
        public String toString() {
            return page + ": " + text.lines().findFirst().orElse("");
        }
    }

    @TempDir
    private Path directory;

    private static List<Block> blocks() throws IOException {
        List<Block> blocks = new ArrayList<>();
        for (Path page : SourceTree.files(name -> name.endsWith(".md"))) {
            if (SourceTree.ROOT.equals(page.getParent())
                    || SourceTree.ROOT.resolve("docs").equals(page.getParent())) {
                Matcher block = BLOCK.matcher(Files.readString(page));
                while (block.find()) {
                    String language = block.group(1) == null ? "" : block.group(1);
                    String text = block.group(1) == null ? block.group() : block.group(2);
                    blocks.add(new Block(
                            page.getFileName().toString(),
                            language,
                            text.stripIndent().strip()));
                }
            }
        }
        return blocks;
    }

    @Test
    void everyBlockIsReadOrHasItsTest() throws IOException {
        List<String> findings = new ArrayList<>();
        TreeSet<String> stale = new TreeSet<>(OTHERS.keySet());
        int read = 0;
        for (Block block : blocks()) {
            Optional<String> other =
                    OTHERS.keySet().stream().filter(block.text()::startsWith).findFirst();
            if (other.isPresent()) {
                stale.remove(other.get());
                continue;
            }
            if (SECTION.matcher(block.text()).find()) {
                // systemd reads them, below.
                continue;
            }
            try {
                if (!isRead(block)) {
                    findings.add(block + ": which test has it?");
                }
                read++;
            } catch (Exception e) {
                findings.add(block + ": " + e.getMessage());
            }
        }
        for (String reason : OTHERS.values()) {
            for (String word : reason.split("\\W+", -1)) {
                if (word.matches("\\w+(Test|IT)")
                        && SourceTree.files(name -> name.equals(word + ".java")).isEmpty()) {
                    findings.add(reason + ": there is no " + word);
                }
            }
        }
        stale.forEach(each -> findings.add("no page has a block that begins with " + each));
        assertThat(findings).isEmpty();
        assertThat(read).isGreaterThan(40);
    }

    private boolean isRead(Block block) throws Exception {
        String text = block.text();
        if (text.startsWith("{") || text.startsWith("-> ") || text.startsWith("<- ")) {
            json(text);
        } else if (text.startsWith("<")) {
            xml(text);
        } else if (block.language().equals("yaml") || text.startsWith("scrape_configs:")) {
            Object unused = new Load(LoadSettings.builder().build()).loadFromString(text);
        } else if (SHELL.matcher(text).matches()) {
            shell(text);
        } else {
            return OURS.matcher(text).find();
        }
        return true;
    }

    /** Values one after the other; with arrows they are the lines of a monitor. */
    private static void json(String text) throws IOException {
        String values = text.replaceAll("(?m)^(?:->|<-) ", "");
        try (MappingIterator<JsonNode> all =
                new ObjectMapper().readerFor(JsonNode.class).readValues(values)) {
            int count = 0;
            while (all.hasNextValue()) {
                assertThat(all.nextValue().isObject()).as(text).isTrue();
                count++;
            }
            assertThat(count).isPositive();
        }
    }

    private static void xml(String text) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        // A part of a document: what it is in may end behind it.
        String open = text.contains("<domain ") && !text.contains("</domain>") ? "</domain>" : "";
        open = text.contains("<devices>") && !text.contains("</devices>") ? "</devices>" : open;
        Object unused = factory.newDocumentBuilder()
                .parse(new InputSource(new StringReader("<part>" + text + open + "</part>")));
    }

    private void shell(String text) throws IOException, InterruptedException {
        Path file = Files.writeString(directory.resolve("lines"), text + "\n");
        assertThat(output("bash", "-n", file.toString())).isEmpty();
    }

    @Test
    void systemdUnderstandsTheUnits() throws IOException, InterruptedException {
        List<Path> units = new ArrayList<>();
        for (Block block : blocks()) {
            if (!SECTION.matcher(block.text()).find()) {
                continue;
            }
            for (String part : block.text().split("(?m)(?=^# /etc/systemd/system/)", -1)) {
                // Without a name it is an addition to a service.
                Matcher name =
                        Pattern.compile("^# /etc/systemd/system/([\\w.@-]+)").matcher(part);
                String unit = part.replaceAll("(?m)^ *Exec(Start|Reload)=.*", "Exec$1=/bin/true");
                boolean named = name.find();
                String file = named ? name.group(1) : "addition" + units.size() + ".service";
                units.add(Files.writeString(
                        directory.resolve(file), (named ? "" : "[Service]\nExecStart=/bin/true\n") + unit + "\n"));
            }
        }
        assertThat(units).hasSizeGreaterThan(4);
        SystemdAnalyze.verify(units);
    }

    @Test
    void aWrongConfigurationIsToldAsThePageShows() throws IOException {
        String example = Files.readString(SourceTree.ROOT.resolve("docs/run-config.example.json"));
        Path file = Files.writeString(directory.resolve("run.json"), example.replaceFirst("\"tag\"", "\"tga\""));
        StringWriter errors = new StringWriter();
        assertThat(Vhost4j.run(new PrintWriter(errors, true), "run", "--config", file.toString()))
                .isEqualTo(2);
        assertThat(numberless(errors.toString().replace("vhost4j: " + directory + "/", "")))
                .isEqualTo(numberless(shown("run.json:9:66:")));
    }

    @Test
    void aPortInUseIsToldAsThePageShows() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ChildCommand run = new ChildCommand(
                        directory,
                        "run",
                        "",
                        "run",
                        "--socket-path=" + directory.resolve("a.sock"),
                        "--metrics=127.0.0.1:" + other.getLocalPort())) {
            assertThat(run.status()).isEqualTo(2);
            assertThat(numberless(run.err())).isEqualTo(numberless(shown("vhost4j: --metrics=")));
        }
    }

    private static String shown(String begin) throws IOException {
        return blocks().stream()
                        .map(Block::text)
                        .filter(text -> text.startsWith(begin))
                        .findFirst()
                        .orElseThrow()
                + "\n";
    }

    private static String numberless(String text) {
        return text.replaceAll("\\d+", "N");
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int unused = process.waitFor();
        return output;
    }
}
