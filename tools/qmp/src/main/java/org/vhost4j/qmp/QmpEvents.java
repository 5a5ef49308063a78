// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.Locale;
import java.util.function.Consumer;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.ServedChange;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Converts events of the back-end to QMP events for clients. Lanes call it. */
final class QmpEvents implements BackendListener {
    private final Consumer<QmpEvent> publish;

    /**
     * Creates a listener.
     *
     * @param publish receives each event; must never block
     */
    QmpEvents(Consumer<QmpEvent> publish) {
        this.publish = publish;
    }

    /**
     * Creates the event for the end of the back-end.
     *
     * @param reason a value of ShutdownCause
     */
    static QmpEvent shutdown(String reason) {
        return QmpEvent.now(
                "SHUTDOWN",
                JsonNodeFactory.instance.objectNode().put("guest", false).put("reason", reason));
    }

    private void publish(String name, ObjectNode data) {
        publish.accept(QmpEvent.now(name, data));
    }

    private static ObjectNode of(String guest) {
        return JsonNodeFactory.instance.objectNode().put("guest", guest);
    }

    @Override
    public void ready(String guest, Endpoint endpoint) {
        // No event: query-devices shows it.
    }

    @Override
    public void attached(String guest) {
        publish("GUEST_ATTACHED", of(guest));
    }

    @Override
    public void negotiated(String guest, FeatureSet features) {
        ObjectNode data = of(guest);
        data.set("features", BackendAnswers.bits(features));
        publish("GUEST_NEGOTIATED", data);
    }

    @Override
    public void link(String guest, boolean up) {
        publish("GUEST_LINK_CHANGED", of(guest).put("up", up));
    }

    @Override
    public void detached(String guest, String reason, String counts) {
        publish("GUEST_DETACHED", of(guest).put("reason", reason));
    }

    @Override
    public void stopped(String guest, String reason) {
        publish("DEVICE_STOPPED", of(guest).put("reason", reason));
    }

    @Override
    public void changed(ServedChange change) {
        String member = change.guest() ? "guest" : "port";
        publish(
                member.toUpperCase(Locale.ROOT) + "_" + change.what(),
                JsonNodeFactory.instance.objectNode().put(member, change.name()));
    }

    @Override
    public void trouble(String who, String line) {
        // No event: such lines are for the operator, and in the log.
    }
}
