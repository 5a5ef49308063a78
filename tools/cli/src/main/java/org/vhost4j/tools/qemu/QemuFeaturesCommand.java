// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.qemu;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.qemu.FeatureJson;
import org.vhost4j.guests.qemu.FeatureTables;
import org.vhost4j.guests.qemu.LabQemu;
import org.vhost4j.guests.qemu.Markdown;
import org.vhost4j.guests.qemu.QemuRecord;
import org.vhost4j.guests.qemu.QemuSurvey;
import org.vhost4j.sys.BoundedFile;
import org.vhost4j.sys.UnreadableFile;
import org.vhost4j.tools.common.Interruption;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code vhost4j qemu-features}: determines with real QEMUs which feature bits pass between a guest and a vhost-user
 * back-end.
 */
@Command(
        name = "qemu-features",
        description = "Tests which virtio-net feature bits real QEMUs pass between a guest and a vhost-user "
                + "back-end, and which requests they send; prints the tables of docs/qemu-features.md. No "
                + "guest is booted.",
        mixinStandardHelpOptions = true)
public final class QemuFeaturesCommand implements Callable<Integer> {
    /** Maximum size in bytes of the document into which the tables are written. */
    private static final int MOST_BYTES = 4 << 20;

    /** Maximum time for the current QEMU after an interruption. */
    private static final Duration INTERRUPTED_PATIENCE = Duration.ofSeconds(60);

    @Option(
            names = "--qemu",
            paramLabel = "NAME=PATH",
            description = "A qemu-system-x86_64 or qemu-system-aarch64 and its name in the tables; repeat it for "
                    + "more (default: the guest lab's QEMUs for x86, called by their versions).")
    private Map<String, Path> qemus = new LinkedHashMap<>();

    @Option(
            names = "--lab",
            paramLabel = "DIRECTORY",
            description = "The guest lab's directory (default: the one that tools/lab/provision provides).")
    private @Nullable Path lab;

    @Option(
            names = "--machine",
            paramLabel = "NAME",
            description = "A machine type, such as pc-q35-8.1, where a QEMU has it; repeat it for more (default: every "
                    + "versioned q35, i440fx and virt).")
    private List<String> machines = new ArrayList<>();

    @Option(names = "--json", description = "Prints JSON, with the feature words of every machine.")
    private boolean json;

    @Option(
            names = "--markdown",
            paramLabel = "FILE",
            description = "Writes the tables into this file, between the two lines that mark their place; creates the "
                    + "file if it does not exist. Without it and --json they are printed.")
    private @Nullable Path markdown;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** Creates the command, for picocli. */
    public QemuFeaturesCommand() {}

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        // Checked before minutes of work.
        String document = document();
        try (Interruption interruption = Interruption.watch(INTERRUPTED_PATIENCE)) {
            List<QemuRecord> records = survey(err, interruption);
            if (interruption.requested()) {
                // A document with only a part of the tables would be wrong.
                if (records.isEmpty()) {
                    say(err, "interrupted before a machine was observed");
                } else if (!json) {
                    out.print(new FeatureTables(records).text(today()));
                    out.flush();
                }
                return 1;
            }
            print(records, document, out);
            return 0;
        }
    }

    private List<QemuRecord> survey(PrintWriter err, Interruption interruption) throws IOException {
        List<QemuRecord> records = new ArrayList<>();
        for (QemuSurvey survey : surveys()) {
            List<String> types = survey.machines().stream()
                    .filter(type -> machines.isEmpty() || machines.contains(type))
                    .toList();
            if (types.isEmpty()) {
                say(err, "QEMU " + survey.name() + " has none of these machines");
                continue;
            }
            say(err, "QEMU %s: %d machines".formatted(survey.name(), types.size()));
            try {
                records.add(survey.record(types, interruption::requested));
            } catch (UnsupportedOption e) {
                // The signal that interrupts this process also ends its QEMUs.
                if (!interruption.requested()) {
                    throw e;
                }
            }
            if (interruption.requested()) {
                return records;
            }
        }
        if (records.isEmpty()) {
            throw new UnsupportedOption("no QEMU has " + String.join(" or ", machines));
        }
        return records;
    }

    private void print(List<QemuRecord> records, String document, PrintWriter out) throws IOException {
        String date = today();
        String tables = new FeatureTables(records).text(date);
        if (markdown != null) {
            Files.writeString(markdown, Markdown.replace(document, tables).orElse(document));
        }
        if (json) {
            out.println(FeatureJson.text(records, date));
        } else if (markdown == null) {
            out.print(tables);
        }
        out.flush();
    }

    private static String today() {
        return LocalDate.now(ZoneId.systemDefault()).toString();
    }

    private static void say(PrintWriter err, String line) {
        err.println(line);
        err.flush();
    }

    /** Returns the document into which the tables are written. */
    private String document() throws IOException {
        if (markdown == null) {
            return "";
        }
        if (!Files.exists(markdown)) {
            Path parent = markdown.toAbsolutePath().getParent();
            if (parent == null || !Files.isWritable(parent)) {
                throw new UnsupportedOption("--markdown " + markdown + ": no file can be made there");
            }
            return "";
        }
        if (!Files.isRegularFile(markdown) || !Files.isWritable(markdown)) {
            throw new UnsupportedOption("--markdown " + markdown + ": cannot be written");
        }
        String document;
        try {
            document = BoundedFile.readText(markdown, MOST_BYTES);
        } catch (UnreadableFile e) {
            throw new UnsupportedOption("--markdown " + e.getMessage());
        }
        if (Markdown.replace(document, "").isEmpty()) {
            throw new UnsupportedOption("--markdown " + markdown + ": has no place for the tables, no line '"
                    + Markdown.begin() + "' with its end");
        }
        return document;
    }

    private List<QemuSurvey> surveys() throws IOException {
        List<QemuSurvey> surveys = new ArrayList<>();
        if (!qemus.isEmpty()) {
            if (lab != null) {
                throw new UnsupportedOption("--qemu and --lab exclude each other");
            }
            for (Map.Entry<String, Path> qemu : qemus.entrySet()) {
                if (!Files.isExecutable(qemu.getValue())) {
                    throw new UnsupportedOption(
                            "--qemu " + qemu.getKey() + ": " + qemu.getValue() + " cannot be executed");
                }
                surveys.add(new QemuSurvey(qemu.getKey(), qemu.getValue()));
            }
            return surveys;
        }
        Path directory = lab;
        if (directory == null) {
            Lab scripts = Lab.find();
            scripts.provision();
            directory = scripts.files();
        }
        for (LabQemu qemu : LabQemu.PUBLISHED) {
            surveys.add(QemuSurvey.ofLab(qemu, directory));
        }
        return surveys;
    }
}
