// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import org.junit.jupiter.api.Test;

/**
 * Tests the rule that the benchmarks depend on the device model only. The command line's test of the architecture
 * cannot check it, because it does not depend on the benchmarks.
 */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.vhost4j");

    @Test
    void benchmarksKnowTheDeviceModelOnly() {
        assertThat(CLASSES.stream().map(each -> each.getPackageName()))
                .contains("org.vhost4j.benchmarks", "org.vhost4j.benchmarks.loopback", "org.vhost4j.device.net");
        classes()
                .that()
                .resideInAPackage("org.vhost4j.benchmarks..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "org.vhost4j.benchmarks..",
                        "org.vhost4j.device..",
                        "java..",
                        "org.openjdk.jmh..",
                        "org.jspecify.annotations..")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        SlicesRuleDefinition.slices()
                .matching("org.vhost4j.(**)")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }
}
