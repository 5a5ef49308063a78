// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Makes aliases unique. A name always refers to its own definition; an alias refers to the definition of the first file that contains it.
 */
final class PlatformAliases {
    private PlatformAliases() {}

    /**
     * Removes aliases that are in use already.
     *
     * @param files definitions with unique names, in the order of their files
     * @param problems receives a problem for each removed alias
     * @return the same definitions, without those aliases
     */
    static List<PlatformFile> unique(List<PlatformFile> files, Consumer<DefinitionProblem> problems) {
        Map<String, PlatformFile> names = files.stream().collect(Collectors.toMap(PlatformFile::name, file -> file));
        Map<String, PlatformFile> aliases = new HashMap<>();
        List<PlatformFile> result = new ArrayList<>();
        for (PlatformFile file : files) {
            Set<String> taken = new HashSet<>();
            for (String alias : file.aliases()) {
                PlatformFile name = names.get(alias);
                PlatformFile first = aliases.putIfAbsent(alias, file);
                String why = null;
                if (PlatformFile.isReserved(alias)) {
                    why = "has a meaning of its own on the command line";
                } else if (name != null) {
                    why = "is the name of " + name.baseName();
                } else if (first != null) {
                    why = "is already an alias of " + first.baseName() + ", which comes first";
                }
                if (why != null) {
                    taken.add(alias);
                    problems.accept(file.aliasProblem(alias, "'" + alias + "' " + why + "; the alias is ignored"));
                }
            }
            result.add(taken.isEmpty() ? file : file.withoutAliases(taken));
        }
        return result;
    }
}
