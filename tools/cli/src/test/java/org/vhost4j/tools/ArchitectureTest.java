// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.lang.foreign.Linker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The direction of dependencies, and who alone may touch what. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            // Another module's tests come as an archive, or as a folder while that is not packed.
            .withImportOption(location -> !location.contains("-tests.jar") && !location.contains("/test-classes/"))
            .importPackages("org.vhost4j");

    /** The modules, lowest first: the packages of each, and the modules that it may know. */
    private static final Map<String, Set<String>> KNOWN = new LinkedHashMap<>();

    static {
        module("device");
        module("sys");
        module("host", "device", "sys");
        module("platform", "device", "sys");
        module("vhostuser.wire", "device", "sys");
        module("vhostuser", "vhostuser.wire", "host", "device", "sys");
        module("tools.common");
        module("frontend", "vhostuser.wire", "device", "sys");
        module("conformance", "frontend", "tools.common", "vhostuser.wire", "device", "sys");
        module("qmp", "vhostuser", "platform", "device");
        module("guests", "frontend", "tools.common", "vhostuser.wire", "platform", "device");
        module("bench", "guests", "frontend", "tools.common", "device");
    }

    private static void module(String packages, String... known) {
        KNOWN.put(packages, Set.of(known));
    }

    /** The module that a package belongs to: the longest prefix of its name. */
    private static String moduleOf(String packageName) {
        return KNOWN.keySet().stream()
                .filter(module -> (packageName + ".").startsWith("org.vhost4j." + module + "."))
                .max(Comparator.comparingInt(String::length))
                .orElse("tools");
    }

    @Test
    void modulesKnowOnlyThoseBelow() {
        assertThat(CLASSES.size()).isGreaterThan(100);
        List<String> wrong = new ArrayList<>();
        for (JavaClass from : CLASSES) {
            String module = moduleOf(from.getPackageName());
            for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
                JavaClass to = dependency.getTargetClass();
                if (!to.getPackageName().startsWith("org.vhost4j.") || module.equals("tools")) {
                    continue;
                }
                String known = moduleOf(to.getPackageName());
                if (!known.equals(module)
                        && !KNOWN.getOrDefault(module, Set.of()).contains(known)) {
                    wrong.add(dependency.getDescription());
                }
            }
        }
        assertThat(wrong).isEmpty();
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
                .resideOutsideOfPackage("org.vhost4j.sys..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.sun.jna..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Linker.class)
                .check(CLASSES);
    }

    @Test
    void nettyStaysInTheHost() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.vhost4j.host..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        SlicesRuleDefinition.slices()
                .assignedFrom(new EachPackage())
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    /** Every package of every module is a slice of its own. */
    private static final class EachPackage implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return type.getPackageName().startsWith("org.vhost4j")
                    ? SliceIdentifier.of(type.getPackageName())
                    : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "every package";
        }
    }
}
