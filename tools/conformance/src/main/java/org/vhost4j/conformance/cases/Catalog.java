// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.NamePattern;
import org.vhost4j.device.feature.NearestName;
import org.vhost4j.tools.common.UnsupportedOption;

/** The catalog of all cases. */
public final class Catalog {
    private static final List<CaseGroup> GROUPS = List.of(
            new MessageCases(),
            new RingStateCases(),
            new OffloadCases(),
            new FragmentCases(),
            new BufferCases(),
            new ChainCases(),
            new OrderCases(),
            new NotificationCases(),
            new DeviceCases(),
            new ChannelCases(),
            new ControlCases(),
            new HashCases(),
            new MemoryCases(),
            new SlotCases(),
            new IommuCases(),
            new LogCases(),
            new MigrationCases(),
            new StateCases(),
            new LogFailureCases(),
            new PostcopyCases(),
            new InflightCases(),
            new ResetCases(),
            new SequenceCases(),
            new ConcurrencyCases(),
            new HostileMessageCases(),
            new HostileRingCases());

    private static final Map<String, String> TITLES = GROUPS.stream()
            .flatMap(group -> group.cases().stream().map(each -> Map.entry(each.name(), group.title())))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));

    private Catalog() {}

    /**
     * Returns all groups of cases.
     *
     * @return the groups in the order in which they run
     */
    public static List<CaseGroup> groups() {
        return GROUPS;
    }

    /**
     * Returns the title of the group that contains a case.
     *
     * @param tried any case
     * @return the title, or the name of the case when no group contains it
     */
    public static String title(Case tried) {
        return TITLES.getOrDefault(tried.name(), tried.name());
    }

    /**
     * Selects cases.
     *
     * @param patterns patterns in which {@code *} stands for any characters; an empty list selects every case
     * @return the cases in the order in which they run
     * @throws UnsupportedOption when a pattern matches no case
     */
    public static List<Case> select(List<String> patterns) {
        List<Case> all =
                GROUPS.stream().flatMap(group -> group.cases().stream()).toList();
        if (patterns.isEmpty()) {
            return all;
        }
        for (String pattern : patterns) {
            if (all.stream().noneMatch(each -> matches(pattern, each))) {
                throw new UnsupportedOption(noCase(pattern, all));
            }
        }
        return all.stream()
                .filter(each -> patterns.stream().anyMatch(pattern -> matches(pattern, each)))
                .toList();
    }

    private static String noCase(String pattern, List<Case> all) {
        String question =
                NearestName.question(pattern, all.stream().map(Case::name).toList());
        return "--only=" + pattern + ": no case has that name"
                + (question.isEmpty() ? "; --list shows all of them" : question);
    }

    private static boolean matches(String pattern, Case each) {
        return new NamePattern(pattern).matches(each.name());
    }
}
