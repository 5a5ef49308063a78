// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.List;
import java.util.Locale;
import org.vhost4j.guests.qemu.Attachment.Settings;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes the observed features of every machine as JSON: the tables, and the feature words behind them. */
public final class FeatureJson {
    private static final JsonMapper MAPPER = new JsonMapper();

    private FeatureJson() {}

    /**
     * Formats the observations.
     *
     * @param qemus the observations of each QEMU
     * @param date the date of the observations
     * @return a JSON object, on several lines
     */
    public static String text(List<QemuRecord> qemus, String date) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("date", date);
        ArrayNode list = root.putArray("qemus");
        for (QemuRecord qemu : qemus) {
            ObjectNode each = list.addObject();
            each.put("name", qemu.name());
            each.put("version", qemu.version());
            ArrayNode machines = each.putArray("machines");
            for (MachineRecord machine : qemu.machines()) {
                ObjectNode one = machines.addObject();
                one.put("machine", machine.machine());
                ObjectNode modes = one.putObject("ways");
                machine.modes().forEach((mode, record) -> put(modes.putObject(mode.toString()), record));
            }
        }
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static void put(ObjectNode node, AttachRecord record) {
        ObjectNode features = node.putObject("features");
        record.handlings().forEach((feature, handling) -> {
            ObjectNode each = features.putObject(feature.name());
            each.put("bit", feature.bit());
            each.put("handling", lower(handling.origin()));
            each.put("when", lower(handling.when()));
            each.put("legacy-only", handling.legacy());
            each.put("told", lower(handling.told()));
        });
        ArrayNode protocol = node.putArray("protocol-features");
        for (ProtocolFeature feature : ProtocolFeature.values()) {
            if (record.protocol().contains(feature)) {
                protocol.add(feature.name());
            }
        }
        node.put("acknowledged-behind-iommu", record.behindIommu().hex());
        ArrayNode observations = node.putArray("observations");
        for (Attachment attachment : AttachRecord.attachments(record.mode())) {
            Observation observation = record.observation(attachment);
            ObjectNode each = observations.addObject();
            each.put("properties", lower(attachment.settings()));
            each.put("back-end-offers", attachment.offer().name());
            each.put("driver", lower(attachment.driver()));
            each.put("modern", observation.modern().hex());
            each.put("legacy", observation.legacy().hex());
            each.put("acknowledged", observation.recording().features().hex());
        }
        for (Settings settings : List.of(Settings.DEFAULT, Settings.ON)) {
            ObjectNode requests = node.putObject("requests-" + lower(settings));
            record.atStart(settings).forEach(requests.putArray("at-start")::add);
            record.atDriver(settings).forEach(requests.putArray("at-driver")::add);
        }
        record.atQueueReset().forEach(node.putArray("requests-at-queue-reset")::add);
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
