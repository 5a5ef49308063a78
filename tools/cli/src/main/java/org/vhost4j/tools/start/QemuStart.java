// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.Outcome;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.definition.Refusal;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.definition.SearchPath;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.qmp.MonitorData;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.platform.HelpText;

/** Checks a QEMU command line, and completes it. */
final class QemuStart {
    private static final Set<String> ONLY_TALK = Set.of("version", "help", "h");
    private static final Set<String> HELP = Set.of("help", "?");
    private static final String NO_MACHINE = "none";

    private final Map<String, String> environment;
    private final PrintWriter err;
    private final Notes notes;
    private final HostAnswers hosts;
    private final PlatformCatalog catalog;
    /** The process that becomes QEMU. */
    private final long caller;

    /** The platform of this guest; empty for none. */
    private String promised = "";

    /**
     * Creates a start.
     *
     * @param environment environment of the caller
     * @param err receives lines for the user
     */
    QemuStart(Map<String, String> environment, PrintWriter err) {
        this(environment, err, new Notes(environment));
    }

    private QemuStart(Map<String, String> environment, PrintWriter err, Notes notes) {
        this(environment, err, notes, new HostAnswers(notes));
    }

    /** Creates a start with the given host capabilities. */
    QemuStart(Map<String, String> environment, PrintWriter err, Notes notes, HostAnswers hosts) {
        this.environment = environment;
        this.caller = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
        this.err = err;
        this.notes = notes;
        this.hosts = hosts;
        this.catalog = SearchPath.of(environment, List.of()).load();
    }

    /**
     * Checks a command line and creates the answer.
     *
     * @param question the command line
     * @return the answer
     * @throws UnsupportedOption when the promise cannot be kept, or the command line is invalid
     */
    Answer answer(Question question) {
        catalog.problems().forEach(problem -> err.println("vhost4j: " + problem));
        GivenOptions options = new GivenOptions(question.arguments());
        if (options.platforms().stream().anyMatch(HELP::contains)) {
            return Answer.printing(HelpText.platformsOfQemu(catalog, hosts.host(), HostAnswers.uses(hosts.host())));
        }
        String program = QemuProgram.find(question, environment);
        if (options.hasAny(ONLY_TALK)) {
            return new Answer().becoming(program, options.forQemu(List.of(), Map.of()));
        }
        Path path = QemuProgram.path(program);
        QemuBinary binary = new QemuMemory(notes).of(path);
        if (options.named("machine").stream().anyMatch(machine -> HELP.contains(machine.value("type")))) {
            String help = QemuQuestions.output(path, List.of(path.toString(), "-machine", "help"));
            return Answer.printing(MachineNames.inHelp(help, MachineNames.all(binary, catalog, hosts.host())));
        }
        MachineChoice choice = MachineChoice.of(options, binary, catalog);
        Monitors monitors = Monitors.find(options, Monitors.descriptors(caller));
        Map<Integer, List<String>> replaced = new HashMap<>(choice.replaced());
        replaced.putAll(monitors.replaced());
        Answer answer = new Answer().becoming(program, options.forQemu(globals(options, binary, choice), replaced));
        return monitors.all().isEmpty() ? answer : serve(monitors, binary, choice, answer);
    }

    /** Adds the data for monitors, which list platforms, and machines by their names with platforms. */
    private Answer serve(Monitors monitors, QemuBinary binary, MachineChoice choice, Answer answer) {
        List<MachineNames.Named> names = MachineNames.all(binary, catalog, hosts.host());
        String inUse = choice.platform()
                .map(name ->
                        catalog.platform(name).map(PlatformDefinition::name).orElse(name))
                .orElse(promised);
        byte[] data = MonitorData.of(
                catalog,
                hosts.host(),
                inUse,
                names.stream().map(MachineNames.Named::machine).distinct().toList(),
                names.stream().map(named -> named.platform().name()).distinct().toList());
        monitors.all().forEach(monitor -> answer.add("monitor", monitor));
        return answer.add("monitor-data", new String(data, StandardCharsets.US_ASCII));
    }

    /** Returns the properties to be added; refuses a promise that cannot be kept. */
    List<String> globals(GivenOptions options, QemuBinary binary, MachineChoice choice) {
        Optional<QemuMachine> machine = binary.machine(choice.machine());
        if (machine.isEmpty() || machine.get().name().equals(NO_MACHINE)) {
            // QEMU itself reports an unknown machine, and a QEMU without network cards needs no settings.
            return List.of();
        }
        List<NetworkCard> cards = NetworkCards.find(options, machine.get().name());
        Outcome outcome = new Resolver(catalog).resolve(promise(machine.get(), choice, cards));
        if (outcome instanceof Refusal refusal) {
            if (choice.platform().isPresent()) {
                throw new UnsupportedOption(refusal.message());
            }
            // This host supports no known platform, and none was requested.
            return List.of();
        }
        Resolution resolution = (Resolution) outcome;
        promised = resolution.platform();
        List<String> globals = new ArrayList<>(GlobalProperties.of(resolution, binary, machine));
        choice.platform()
                .flatMap(catalog::platform)
                .ifPresent(platform -> globals.addAll(
                        BeyondCards.of(options, binary, machine.get().name(), platform, hosts::host)));
        for (NetworkCard card : cards) {
            check(card, machine.get(), choice, resolution);
        }
        if (!resolution.platformNamed() && !globals.isEmpty()) {
            err.println("vhost4j: " + resolution.notes().getFirst());
        }
        return globals;
    }

    /** Returns the request for the promise to the guest, independent of its cards' back-ends. */
    private Request promise(QemuMachine machine, MachineChoice choice, List<NetworkCard> cards) {
        Request request = on(machine, Request.of(DeviceCapabilities.qemu(), HostCapabilities.NOT_PROBED));
        boolean asksHost =
                choice.platform().isEmpty() || choice.platform().get().equals("host");
        if (asksHost) {
            Set<HostUse> uses = EnumSet.copyOf(HostAnswers.uses(hosts.host()));
            cards.forEach(card -> uses.addAll(card.uses()));
            HostCapabilities host = cards.stream()
                    .filter(card -> !card.taps().isEmpty())
                    .findFirst()
                    .map(hosts::behind)
                    .orElseGet(hosts::host);
            request = request.withHost(host).withUses(uses);
        } else {
            request = request.withUses(Set.of());
        }
        return choice.platform().map(request::withPlatform).orElse(request);
    }

    /** Adds the machine to a request, if there is a definition of it. */
    private Request on(QemuMachine machine, Request request) {
        return catalog.machine(machine.name()).isPresent() ? request.withMachine(machine.name()) : request;
    }

    /** Checks that the host has the capabilities that one card needs. */
    private void check(NetworkCard card, QemuMachine machine, MachineChoice choice, Resolution promised) {
        if (card.uses().isEmpty()) {
            return;
        }
        Map<String, String> settings = settings(card);
        Request request = on(machine, Request.of(DeviceCapabilities.qemu(), hosts.behind(card)))
                .withUses(card.uses())
                .withSettings(settings)
                .withPlatform(choice.platform().orElse(promised.platform()));
        if (new Resolver(catalog).resolve(request) instanceof Refusal refusal
                && (choice.platform().isPresent() || refusesSetting(refusal, settings))) {
            throw new UnsupportedOption(card.name() + ": " + refusal.message());
        }
    }

    /**
     * Returns whether the host lacks a capability for a property that the user has set. For a default platform nothing
     * else is required.
     */
    private static boolean refusesSetting(Refusal refusal, Map<String, String> settings) {
        return refusal.missing().stream()
                .flatMap(capability -> capability.features().stream())
                .anyMatch(feature -> feature.property()
                        .map(settings::get)
                        .filter(Property::isOn)
                        .isPresent());
    }

    /** Returns the card's own settings for properties that a platform can assign, with this program's spelling. */
    private static Map<String, String> settings(NetworkCard card) {
        DeviceCapabilities device = DeviceCapabilities.qemu();
        Map<String, String> settings = new LinkedHashMap<>();
        card.settings().forEach((name, given) -> {
            String value = NetworkCards.isOn(given) ? Property.ON : isOff(given) ? Property.OFF : given;
            Optional<Property> property = Property.named(name).filter(Property::isQemus);
            Optional<Feature> feature = property.flatMap(Property::feature);
            if (feature.filter(device::has).isPresent()
                    && property.orElseThrow().allows(value)) {
                settings.put(name, value);
            }
        });
        return settings;
    }

    private static boolean isOff(String value) {
        return Set.of("off", "no", "false", "n").contains(value);
    }
}
