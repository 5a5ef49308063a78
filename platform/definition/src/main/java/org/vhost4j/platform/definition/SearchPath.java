// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The directories of external definitions: the distribution's, the administrator's, the user's, and those of the command line. Each is more
 * specific than the previous one.
 *
 * @param platforms directories of platforms, the least specific first
 * @param machines directories of machines, with the same rules
 */
public record SearchPath(List<Path> platforms, List<Path> machines) {
    /** Copies the lists. */
    public SearchPath {
        platforms = List.copyOf(platforms);
        machines = List.copyOf(machines);
    }

    /**
     * Returns the search path of this process.
     *
     * @param environment environment of the process, of which {@code XDG_CONFIG_HOME} and {@code HOME} are used
     * @param extraPlatforms further directories of platforms in the order given, more specific than all others; each may contain a
     *     directory {@code machines}
     * @return the search path
     */
    public static SearchPath of(Map<String, String> environment, List<Path> extraPlatforms) {
        List<Path> bases = new ArrayList<>(List.of(Path.of("/usr/share/vhost4j"), Path.of("/etc/vhost4j")));
        String config = environment.getOrDefault("XDG_CONFIG_HOME", "");
        String home = environment.getOrDefault("HOME", "");
        if (!config.isEmpty()) {
            bases.add(Path.of(config, "vhost4j"));
        } else if (!home.isEmpty()) {
            bases.add(Path.of(home, ".config", "vhost4j"));
        }
        List<Path> platforms = new ArrayList<>(
                bases.stream().map(base -> base.resolve("platforms")).toList());
        platforms.addAll(extraPlatforms);
        List<Path> machines = new ArrayList<>(
                bases.stream().map(base -> base.resolve("machines")).toList());
        extraPlatforms.forEach(extra -> machines.add(extra.resolve("machines")));
        return new SearchPath(platforms, machines);
    }

    /**
     * Loads the definitions in the directories, which override the shipped ones.
     *
     * @return the catalog
     */
    public PlatformCatalog load() {
        return PlatformCatalog.load(platforms, machines);
    }
}
