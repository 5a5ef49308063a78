// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Sorts definitions so that each follows its parent, the definition on which it is based.
 *
 * @param <T> a definition as read from its file
 */
final class Linker<T extends Linker.Child> {
    /** A definition as read from its file. */
    interface Child {
        /**
         * Returns the definition's name.
         *
         * @return the name, unique among its kind
         */
        String name();

        /**
         * Returns the aliases, by which other definitions may also refer to this one.
         *
         * @return the names, possibly none
         */
        List<String> aliases();

        /**
         * Returns the name or alias of the parent, the definition on which this one is based.
         *
         * @return the name; empty for a definition without a parent
         */
        Optional<String> parent();

        /**
         * Creates a problem for the member {@code parent}.
         *
         * @param message description of the problem
         * @return the problem, with file and line
         */
        DefinitionProblem parentProblem(String message);
    }

    private final Map<String, T> byName = new LinkedHashMap<>();

    /**
     * Creates a linker for definitions.
     *
     * @param children definitions with unique names
     */
    Linker(List<T> children) {
        for (T child : children) {
            child.aliases().forEach(alias -> byName.put(alias, child));
        }
        // Names are added last, so that they override aliases.
        for (T child : children) {
            byName.put(child.name(), child);
        }
    }

    /**
     * Returns the parent of a definition.
     *
     * @param child the definition
     * @return its parent; empty when it has none, or the parent is not among the definitions
     */
    Optional<T> parentOf(T child) {
        return child.parent().map(byName::get);
    }

    /**
     * Returns the definitions in an order in which they can be built. A definition whose parent is missing is kept: the code that builds it
     * reports the problem.
     *
     * @param problems receives a problem for each definition whose parents form a cycle
     * @return every other definition, after its parent
     */
    List<T> parentsFirst(Consumer<DefinitionProblem> problems) {
        Set<T> ordered = new LinkedHashSet<>();
        for (T child : new LinkedHashSet<>(byName.values())) {
            List<T> ancestry = new ArrayList<>();
            T at = child;
            while (at != null && !ancestry.contains(at)) {
                ancestry.add(at);
                at = parentOf(at).orElse(null);
            }
            if (at == null) {
                ordered.addAll(ancestry.reversed());
            } else if (at.equals(child)) {
                List<String> names =
                        new ArrayList<>(ancestry.stream().map(Child::name).toList());
                names.add(child.name());
                problems.accept(child.parentProblem("its parents form a cycle: " + String.join(", ", names)));
            } else {
                problems.accept(child.parentProblem("it is based on '" + at.name() + "', whose parents form a cycle"));
            }
        }
        return List.copyOf(ordered);
    }
}
