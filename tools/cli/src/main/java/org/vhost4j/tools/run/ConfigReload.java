// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.vhost4j.sys.NotifySocket;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Endpoint;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.JsonNode;

/**
 * Reads the file of {@code --config} again and applies the differences: guests and ports that were added, changed or
 * removed, and the global security settings. Guests and ports that the file did not have, such as those of clients of
 * the monitor, stay as they are.
 */
final class ConfigReload {
    /** The options that can change while the back-end runs. */
    private static final Set<String> CHANGEABLE = Set.of(
            "$schema", ConfigSetting.GUESTS, ConfigSetting.PORTS, PortSettings.SECURITY, PortSettings.FLOOD_LIMIT);

    private final CommandSpec run;
    private final Daemon daemon;
    private final NotifySocket manager;
    private final Consumer<String> lines;

    /** The configuration that was read last. */
    private ConfigFile now;

    /**
     * The applied values of guests and ports, by their keys in the file; refused changes are tried again at the next
     * reload.
     */
    private final Map<String, String> guests = new HashMap<>();

    private final Map<String, String> ports = new HashMap<>();

    /** The applied global security settings; refused changes are tried again at the next reload. */
    private List<Optional<String>> security;

    /**
     * Creates a reload before any change.
     *
     * @param now the configuration with which the back-end was started
     * @param run the options of the command
     * @param daemon changes guests and ports
     * @param manager receives notifications of the reload
     * @param lines receives lines for the user
     */
    ConfigReload(ConfigFile now, CommandSpec run, Daemon daemon, NotifySocket manager, Consumer<String> lines) {
        this.now = now;
        now.guests().forEach((guest, pointer) -> guests.put(guest, now.value(pointer)));
        now.ports().forEach((port, pointer) -> ports.put(port, now.value(pointer)));
        this.security = security(now);
        this.run = run;
        this.daemon = daemon;
        this.manager = manager;
        this.lines = lines;
    }

    /** Reads the file again and applies the differences. Any thread may call it; calls are serialized, and block. */
    synchronized void reload() {
        manager.reloading().ifPresent(lines);
        try {
            ConfigFile next = ConfigFile.read(now.path(), run);
            requireSame(next);
            apply(next);
        } catch (UnsupportedOption broken) {
            lines.accept("not read again, everything stays as it is: " + broken.getMessage());
        } finally {
            manager.ready().ifPresent(lines);
        }
    }

    private void requireSame(ConfigFile next) {
        Set<String> names = new LinkedHashSet<>();
        now.root().properties().forEach(each -> names.add(each.getKey()));
        next.root().properties().forEach(each -> names.add(each.getKey()));
        names.removeAll(CHANGEABLE);
        for (String name : names) {
            JsonNode before = now.root().get(name);
            if (!Objects.equals(before, next.root().get(name))) {
                throw next.wrong(
                        "/" + name,
                        "this cannot change while the back-end runs, where it is "
                                + (before == null ? "not given" : before.toString()) + ": start it again");
            }
        }
        Set<String> inherited = new LinkedHashSet<>(next.guests().keySet());
        inherited.addAll(now.guests().keySet());
        for (String guest : inherited) {
            boolean comesOrGoes =
                    !now.guests().containsKey(guest) || !next.guests().containsKey(guest);
            if (guest.startsWith(ConfigSetting.DESCRIPTOR + " ") && comesOrGoes) {
                throw next.wrong(
                        "/" + ConfigSetting.GUESTS,
                        "the inherited socket '" + guest.substring(3)
                                + "' cannot come or go while the back-end runs: start it again");
            }
        }
    }

    private void apply(ConfigFile next) {
        Outcome outcome = new Outcome();
        Map<String, String> after = next.guests();
        for (String guest : now.guests().keySet()) {
            if (!after.containsKey(guest) && guests.remove(guest) != null) {
                outcome.count(outcome.removed, now, now.guests().get(guest), () -> daemon.removeGuest(nameOf(guest)));
            }
        }
        for (String port : now.ports().keySet()) {
            if (!next.ports().containsKey(port) && ports.remove(port) != null) {
                outcome.count(
                        outcome.removed, now, now.ports().get(port), () -> daemon.removePort(daemon.nameOf(port)));
            }
        }
        List<Optional<String>> wanted = security(next);
        if (!wanted.equals(security)) {
            boolean limitAlone = wanted.getFirst().equals(security.getFirst());
            String pointer = "/" + (limitAlone ? PortSettings.FLOOD_LIMIT : PortSettings.SECURITY);
            outcome.count(outcome.changed, next, pointer, () -> {
                daemon.secure(wanted.getFirst(), wanted.getLast());
                security = wanted;
            });
        }
        after.forEach((guest, pointer) -> {
            String value = next.value(pointer);
            String old = guests.get(guest);
            if (old == null) {
                outcome.count(outcome.added, next, pointer, () -> {
                    daemon.addGuest(value);
                    guests.put(guest, value);
                });
            } else if (!old.equals(value)) {
                outcome.count(outcome.changed, next, pointer, () -> change(guest, old, value));
            }
        });
        next.ports().forEach((port, pointer) -> {
            String value = next.value(pointer);
            String old = ports.get(port);
            if (old == null) {
                outcome.count(outcome.added, next, pointer, () -> {
                    daemon.addPort(value, Map.of());
                    ports.put(port, value);
                });
            } else if (!old.equals(value)) {
                outcome.count(outcome.changed, next, pointer, () -> {
                    daemon.replacePort(daemon.nameOf(port), value);
                    ports.put(port, value);
                });
            }
        });
        now = next;
        lines.accept(outcome.toString());
    }

    private static List<Optional<String>> security(ConfigFile file) {
        return List.of(text(file, PortSettings.SECURITY), text(file, PortSettings.FLOOD_LIMIT));
    }

    private static Optional<String> text(ConfigFile file, String name) {
        return Optional.ofNullable(file.root().get(name)).map(JsonNode::asString);
    }

    private static Path path(String guest) {
        return Path.of(guest.substring(ConfigSetting.SOCKET.length() + 1));
    }

    private String nameOf(String guest) throws ChangeRefused {
        return daemon.nameOf(path(guest));
    }

    /** Changes a guest; one with another name or another kind of socket is removed and added. */
    private void change(String guest, String old, String value) throws ChangeRefused {
        if (guest.startsWith(ConfigSetting.DESCRIPTOR)) {
            throw new IllegalArgumentException("an inherited socket's settings are changed by guest-set");
        }
        String name = nameOf(guest);
        Endpoint before = daemon.guest(old);
        Endpoint after = daemon.guest(value);
        Endpoint served = before.withMac(after.mac(), after.trustMac())
                .withVlan(after.vlan())
                .withSecurity(after.security())
                .withRates(after.rates())
                .withLink(after.linkUp());
        if (served.equals(after)) {
            daemon.replaceGuest(name, after);
        } else {
            daemon.removeGuest(name);
            guests.remove(guest);
            daemon.addGuest(value);
        }
        guests.put(guest, value);
    }

    @FunctionalInterface
    private interface Step {
        void run() throws ChangeRefused;
    }

    /** The applied and the refused changes of a reload. */
    private final class Outcome {
        private final List<String> added = new ArrayList<>();
        private final List<String> changed = new ArrayList<>();
        private final List<String> removed = new ArrayList<>();
        private int failed;

        void count(List<String> kind, ConfigFile file, String pointer, Step step) {
            try {
                step.run();
                kind.add(pointer);
            } catch (ChangeRefused | IllegalArgumentException | UnsupportedOption e) {
                failed++;
                lines.accept(file.wrong(pointer, String.valueOf(e.getMessage())).getMessage());
            }
        }

        @Override
        public String toString() {
            return now.path() + " read again: " + added.size() + " added, " + changed.size() + " changed, "
                    + removed.size() + " removed" + (failed == 0 ? "" : ", " + failed + " refused");
        }
    }
}
