// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.platform.definition.Assignment;
import org.vhost4j.platform.definition.MachineDefinition;
import org.vhost4j.platform.definition.OwnerSupport;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.PlatformSupport;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Executes the commands about machines, platforms and the host, whose results do not change while the program runs. */
final class PlatformAnswers {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String COMPAT_PROPS = "compat-props";
    /** The platform without a definition: all capabilities of this host. */
    private static final String HOST = "host";

    private final PlatformCatalog catalog;
    private final HostCapabilities host;
    private final Set<HostUse> cards;
    private final String inUse;

    /**
     * Creates the commands for the guests of a back-end, which are connected through a TAP.
     *
     * @param catalog every machine and platform
     * @param host the host's probe
     * @param inUse the platform of this back-end's guests
     */
    PlatformAnswers(PlatformCatalog catalog, HostCapabilities host, String inUse) {
        this(catalog, host, EnumSet.of(HostUse.TAP), inUse);
    }

    /**
     * Creates the commands for a host.
     *
     * @param catalog every machine and platform
     * @param host the host's probe
     * @param cards the ways in which network cards use the host's kernel
     * @param inUse the platform of the guests
     */
    PlatformAnswers(PlatformCatalog catalog, HostCapabilities host, Set<HostUse> cards, String inUse) {
        this.cards = EnumSet.copyOf(cards);
        this.catalog = catalog;
        this.host = host;
        this.inUse = inUse;
    }

    JsonNode platforms(JsonNode arguments) {
        boolean withProperties = arguments.path(COMPAT_PROPS).asBoolean(true);
        Optional<PlatformDefinition> chosen = catalog.newestSupported(host, cards);
        Set<String> linesSeen = new HashSet<>();
        ArrayNode all = NODES.arrayNode();
        for (PlatformDefinition platform : catalog.platforms()) {
            PlatformSupport support = PlatformSupport.of(platform, host, cards);
            ObjectNode info = NODES.objectNode().put("name", platform.name()).put("title", platform.title());
            names(info, platform.aliases());
            if (chosen.filter(platform::equals).isPresent()) {
                info.put("is-default", true);
            }
            // The newest platforms of each line come first.
            if (support.isNative() && platform.deprecated().isEmpty() && linesSeen.add(platform.line())) {
                info.put("newest", true);
            }
            markInUse(info);
            info.put("supported", support.isNative());
            if (!support.isNative()) {
                info.put("supported-in-software", support.isPossible());
                support.reasons().forEach(info.putArray("unsupported-reasons")::add);
            }
            owners(info.putArray("owners"), platform);
            info.put("deprecated", platform.deprecated().isPresent());
            platform.deprecated().ifPresent(reason -> info.put("deprecation-reason", reason));
            if (withProperties) {
                info.set(COMPAT_PROPS, properties(platform.assignments()));
            }
            all.add(info);
        }
        ObjectNode info = all.addObject()
                .put("name", HOST)
                .put("title", "All capabilities of this host; cannot migrate to another host");
        markInUse(info);
        info.put("supported", true).put("deprecated", false);
        return all;
    }

    private void owners(ArrayNode all, PlatformDefinition platform) {
        for (OwnerSupport owner : OwnerSupport.of(platform, host, cards)) {
            ObjectNode info = all.addObject()
                    .put("owner", owner.owner())
                    .put("supported", owner.support().isNative());
            if (!owner.support().isNative()) {
                owner.support().reasons().forEach(info.putArray("unsupported-reasons")::add);
            }
        }
    }

    private static void names(ObjectNode info, List<String> aliases) {
        if (!aliases.isEmpty()) {
            info.put("alias", aliases.getFirst());
        }
        if (aliases.size() > 1) {
            aliases.forEach(info.putArray("aliases")::add);
        }
    }

    private void markInUse(ObjectNode info) {
        if (info.path("name").asString().equals(inUse)) {
            info.put("in-use", true);
        }
    }

    JsonNode machines(JsonNode arguments) {
        boolean withProperties = arguments.path(COMPAT_PROPS).asBoolean(false);
        MachineDefinition chosen = catalog.defaultMachine();
        ArrayNode all = NODES.arrayNode();
        for (MachineDefinition machine : catalog.machines()) {
            ObjectNode info = all.addObject().put("name", machine.name());
            if (!machine.aliases().isEmpty()) {
                info.put("alias", machine.aliases().getFirst());
            }
            if (machine.equals(chosen)) {
                info.put("is-default", true);
            }
            info.put("deprecated", machine.deprecated().isPresent());
            if (withProperties) {
                info.set(COMPAT_PROPS, properties(machine.assignments()));
            }
        }
        return all;
    }

    private static ArrayNode properties(Map<Property, Assignment> assignments) {
        ArrayNode all = NODES.arrayNode();
        assignments.forEach((property, assignment) -> all.addObject()
                .put("qom-type", qomType(property))
                .put("property", property.name())
                .put("value", assignment.value()));
        return all;
    }

    /** Returns QEMU's name of the type, which definitions abbreviate. */
    private static String qomType(Property property) {
        return switch (property.owner()) {
            case "virtio-net", Property.VHOST_VSOCK -> property.owner() + "-device";
            case Property.VIRTIO_IOMMU -> property.owner() + "-pci";
            case Property.CPU -> "x86_64-cpu";
            default -> property.owner();
        };
    }

    JsonNode hostCapabilities() {
        ObjectNode node = NODES.objectNode().put("host", host.host()).put("kernel", host.kernel());
        ArrayNode all = node.putArray("capabilities");
        for (HostCapability capability : HostCapability.values()) {
            Answer answer = host.answer(capability);
            ObjectNode info = all.addObject()
                    .put("name", capability.id())
                    .put("answer", answer.verdict().word())
                    .put("asked", answer.asked())
                    .put("said", answer.said());
            if (!capability.features().isEmpty()) {
                ArrayNode features = info.putArray("features");
                capability.features().forEach(feature -> features.add(feature.name()));
            }
            capability.softwareFallback().ifPresent(how -> info.put("stand-in", how));
        }
        return node;
    }
}
