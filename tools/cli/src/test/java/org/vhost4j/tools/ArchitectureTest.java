// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.lang.foreign.Linker;
import org.junit.jupiter.api.Test;

/** The direction of dependencies, and who alone may touch what. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            // Another module's tests come as an archive, or as a folder while that is not packed.
            .withImportOption(location -> !location.contains("-tests.jar") && !location.contains("/test-classes/"))
            .importPackages("org.vhost4j");

    @Test
    void modulesKnowOnlyThoseBelow() {
        assertThat(CLASSES.size()).isGreaterThan(100);
        Architectures.layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("device-model")
                .definedBy("org.vhost4j.device..")
                .layer("platform")
                .definedBy("org.vhost4j.platform..")
                .layer("vhost-user")
                .definedBy("org.vhost4j.vhostuser..")
                .layer("tools")
                .definedBy("org.vhost4j.tools..")
                .whereLayer("device-model")
                .mayNotAccessAnyLayer()
                .whereLayer("platform")
                .mayOnlyAccessLayers("device-model")
                .whereLayer("vhost-user")
                .mayOnlyAccessLayers("device-model", "platform")
                .whereLayer("tools")
                .mayNotBeAccessedByAnyLayer()
                .check(CLASSES);
    }

    @Test
    void theDeviceModelNeedsNothingButJavaItself() {
        classes()
                .that()
                .resideInAPackage("org.vhost4j.device..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("org.vhost4j.device..", "java..", "org.jspecify.annotations..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("org.vhost4j.device..")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Linker.class)
                .check(CLASSES);
    }

    @Test
    void systemCallsHaveOnePlace() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.vhost4j.platform.sys..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.sun.jna..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Linker.class)
                .check(CLASSES);
    }

    @Test
    void nettyStaysInThePlatform() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.vhost4j.platform..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(CLASSES);
    }

    @Test
    void packagesOfAModuleHaveNoCycles() {
        for (String module : new String[] {"platform", "vhostuser"}) {
            SlicesRuleDefinition.slices()
                    .matching("org.vhost4j." + module + ".(*)..")
                    .should()
                    .beFreeOfCycles()
                    .check(CLASSES);
        }
    }
}
