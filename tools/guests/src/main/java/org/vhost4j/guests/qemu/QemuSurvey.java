// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.databind.JsonNode;

/** Records which feature bits one QEMU offers to guests and acknowledges to back-ends, for each of its machine types. */
public final class QemuSurvey {
    /** The first slot that no machine uses itself. */
    private static final int FIRST_SLOT = 4;

    /** The largest number of devices: the number of slots that no machine uses itself. */
    static final int MOST_DEVICES = 26;

    /** Arguments for an IOMMU for every device of a q35 machine. */
    private static final List<String> IOMMU = List.of("-device", "intel-iommu,device-iotlb=on");

    /** Bit 30, which QEMU offers to legacy drivers to detect broken ones that acknowledge it. */
    private static final FeatureSet BAD_FEATURE = FeatureSet.of(Feature.PROTOCOL_FEATURES);

    private static final Pattern VERSION = Pattern.compile("[0-9]+\\.[0-9]+");

    private final String name;
    private final Path executable;
    private final String version;
    private final Map<AttachMode, Set<String>> properties = new EnumMap<>(AttachMode.class);
    private final List<String> machines = new ArrayList<>();

    /**
     * Queries the version and the machines of a QEMU.
     *
     * @param name the name of the QEMU in tables
     * @param executable the path of the executable
     * @throws UnsupportedOption when QEMU does not start
     */
    public QemuSurvey(String name, Path executable) {
        this(name, executable, version(name, executable));
    }

    private QemuSurvey(String name, Path executable, String version) {
        this.name = name;
        this.executable = executable;
        this.version = version;
        try {
            inDirectory(directory -> {
                try (QtestQemu qemu = new QtestQemu(executable, directory, "none", List.of())) {
                    ask(qemu);
                }
                return true;
            });
        } catch (IOException e) {
            throw failed(name, e);
        }
    }

    /**
     * Creates a survey of a QEMU of the guest lab; its name is the first two numbers of its version.
     *
     * @param qemu the QEMU
     * @param lab the directory of the lab
     * @return its survey
     * @throws UnsupportedOption when the QEMU does not exist or does not start
     */
    public static QemuSurvey ofLab(LabQemu qemu, Path lab) {
        Path executable = qemu.executable(lab);
        String version = version(executable.toString(), executable);
        Matcher numbers = VERSION.matcher(version);
        return new QemuSurvey(numbers.find() ? numbers.group() : version, executable, version);
    }

    private static String version(String name, Path executable) {
        try {
            Process process = new ProcessBuilder(executable.toString(), "--version").start();
            try (var out = process.inputReader()) {
                String line = out.readLine();
                if (line == null || !line.startsWith("QEMU emulator version ")) {
                    throw new IOException(executable + " --version does not print QEMU's version line");
                }
                return line;
            }
        } catch (IOException e) {
            throw failed(name, e);
        }
    }

    private void ask(QtestQemu qemu) throws IOException {
        for (AttachMode mode : AttachMode.values()) {
            try {
                Set<String> names = new LinkedHashSet<>();
                for (JsonNode property : qemu.execute(
                                "{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"%s\"}}"
                                        .formatted(mode.type()))
                        .values()) {
                    names.add(property.path("name").asString());
                }
                properties.put(mode, names);
            } catch (IOException e) {
                if (!String.valueOf(e.getMessage()).contains("DeviceNotFound")) {
                    throw e;
                }
            }
        }
        for (JsonNode machine : qemu.execute("{\"execute\":\"query-machines\"}").values()) {
            String type = machine.path("name").asString();
            if (type.matches("(pc-(q35|i440fx)|virt)-[0-9.]+")) {
                machines.add(type);
            }
        }
        machines.sort(MachineOrder.NEWEST_FIRST);
    }

    /** Returns the name of the QEMU in tables. */
    public String name() {
        return name;
    }

    /** Returns the machine types: q35 and i440fx, or virt; of each kind the newest first. */
    public List<String> machines() {
        return List.copyOf(machines);
    }

    /**
     * Records how QEMU handles the feature bits with each of the given machine types.
     *
     * @param types the machine types, at least one, the newest q35 first
     * @return the observations
     * @throws UnsupportedOption when QEMU refuses
     */
    public QemuRecord record(List<String> types) {
        return record(types, () -> false);
    }

    /**
     * Observes the features of machines until it is interrupted.
     *
     * @param types the machine types, at least one, the newest q35 first
     * @param interrupted returns whether to end before the next machine
     * @return the observations of the machines so far, at least one
     * @throws UnsupportedOption when QEMU refuses, or an interruption ended it before the first machine was observed
     */
    public QemuRecord record(List<String> types, BooleanSupplier interrupted) {
        List<MachineRecord> records = new ArrayList<>();
        Map<Attachment, Observation> behindIommu = behindIommu(types.getFirst());
        for (String type : types) {
            if (interrupted.getAsBoolean() && !records.isEmpty()) {
                break;
            }
            try {
                records.add(record(type, behindIommu));
            } catch (UnsupportedOption e) {
                // A terminal's signal also ends the QEMU.
                if (!interrupted.getAsBoolean() || records.isEmpty()) {
                    throw e;
                }
            }
        }
        return new QemuRecord(name, version, records);
    }

    /**
     * Observes devices behind an IOMMU, on one machine only, because its effect depends on QEMU, not on the machine.
     */
    private Map<Attachment, Observation> behindIommu(String machine) {
        List<Attachment> attachments =
                properties.keySet().stream().map(AttachRecord::iommuAttachment).toList();
        return switch (MachineOrder.family(machine)) {
            case "pc-q35" -> observe(machine, attachments, IOMMU);
            case "virt" -> observe(machine + ",iommu=smmuv3", attachments, List.of());
            default -> Map.of();
        };
    }

    private MachineRecord record(String machine, Map<Attachment, Observation> behindIommu) {
        List<Attachment> attachments = new ArrayList<>();
        for (AttachMode mode : properties.keySet()) {
            attachments.addAll(AttachRecord.attachments(mode));
        }
        Map<Attachment, Observation> observed = observe(machine, attachments, List.of());
        Map<AttachMode, AttachRecord> modes = new EnumMap<>(AttachMode.class);
        properties.forEach((mode, known) -> {
            Map<Attachment, Observation> ofMode = new LinkedHashMap<>(observed);
            ofMode.keySet().removeIf(attachment -> attachment.mode() != mode);
            Observation asked = behindIommu.get(AttachRecord.iommuAttachment(mode));
            FeatureSet told =
                    asked == null ? FeatureSet.EMPTY : asked.recording().features();
            modes.put(mode, new AttachRecord(mode, known, ofMode, told));
        });
        return new MachineRecord(machine, modes);
    }

    /**
     * Attaches devices to one machine and observes all of them.
     *
     * @param machine a machine type
     * @param attachments at most {@link #MOST_DEVICES}, in any mix
     * @param further QEMU's further arguments
     * @return the observation of each device, in their order
     * @throws UnsupportedOption when QEMU refuses
     */
    Map<Attachment, Observation> observe(String machine, List<Attachment> attachments, List<String> further) {
        try {
            return inDirectory(directory -> observe(directory, machine, attachments, further));
        } catch (IOException e) {
            throw failed(name, e);
        }
    }

    private Map<Attachment, Observation> observe(
            Path directory, String machine, List<Attachment> attachments, List<String> further) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("-object", "memory-backend-memfd,id=mem,size=64M,share=on", "-m", "64M"));
        arguments.addAll(further);
        List<RecordingBackEnd> backEnds = new ArrayList<>();
        try {
            for (int i = 0; i < attachments.size(); i++) {
                Attachment attachment = attachments.get(i);
                Path socket = directory.resolve(i + ".sock");
                backEnds.add(new RecordingBackEnd(socket, attachment.offer().consent()));
                arguments.addAll(attachment.arguments(
                        FIRST_SLOT + i, socket, properties.getOrDefault(attachment.mode(), Set.of())));
            }
            List<FeatureSet> modern = new ArrayList<>();
            List<FeatureSet> legacy = new ArrayList<>();
            try (QtestQemu qemu = new QtestQemu(executable, directory, machine + ",memory-backend=mem", arguments)) {
                for (int i = 0; i < attachments.size(); i++) {
                    VirtioPci device = qemu.device(FIRST_SLOT + i);
                    legacy.add(device.offeredToLegacy().minus(BAD_FEATURE));
                    modern.add(device.offered());
                    drive(device, attachments.get(i).driver(), modern.getLast(), legacy.getLast());
                }
            }
            Map<Attachment, Observation> observed = new LinkedHashMap<>();
            for (int i = 0; i < attachments.size(); i++) {
                observed.put(
                        attachments.get(i),
                        new Observation(
                                modern.get(i), legacy.get(i), backEnds.get(i).end()));
            }
            return observed;
        } finally {
            backEnds.forEach(RecordingBackEnd::close);
        }
    }

    private static void drive(VirtioPci device, Attachment.Driver driver, FeatureSet modern, FeatureSet legacy)
            throws IOException {
        if (driver == Attachment.Driver.LOOKS) {
            return;
        }
        // On the oldest machines devices are modern only with a property.
        if (driver == Attachment.Driver.STARTS_LEGACY || modern.isEmpty()) {
            device.negotiateAsLegacy(legacy);
            return;
        }
        device.start(modern);
        if (driver == Attachment.Driver.RESETS_QUEUE && modern.has(Feature.RING_RESET)) {
            device.resetQueue(0);
        }
    }

    /**
     * Creates an exception with QEMU's error message, which follows the whole command line, and may be followed by a
     * hint of several lines.
     */
    private static UnsupportedOption failed(String name, IOException e) {
        List<String> lines = String.valueOf(e.getMessage())
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
        String last = lines.isEmpty() ? "it ended" : lines.getLast();
        for (String line : lines) {
            if (line.startsWith("qemu-system-") && !line.contains("warning:")) {
                last = line;
            }
        }
        return new UnsupportedOption("QEMU " + name + ": " + last);
    }

    private interface Question<T> {
        T ask(Path directory) throws IOException;
    }

    private static <T> T inDirectory(Question<T> question) throws IOException {
        Path directory = Files.createTempDirectory("vhost4j-qemu");
        try {
            return question.ask(directory);
        } finally {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
    }
}
