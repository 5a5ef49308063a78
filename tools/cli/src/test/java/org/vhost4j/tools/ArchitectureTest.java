// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Linker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests the direction of dependencies, and which packages alone may use certain APIs. */
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
        module("guests", "frontend", "tools.common", "vhostuser.wire", "platform", "device", "sys");
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

    /** A lane that starts a thread would give it its own core. */
    @Test
    void threadsBesideLanesAreControlThreads() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "org.vhost4j.device..", "org.vhost4j.host..", "org.vhost4j.sys..", "org.vhost4j.vhostuser..")
                .and()
                .doNotHaveSimpleName("ControlThread")
                .and()
                .doNotHaveSimpleName("IoLoop")
                .should()
                .callMethod(Thread.class, "ofPlatform")
                .check(CLASSES);
    }

    @Test
    void theDeviceModelNeedsOnlyJavaItself() {
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
        // Every package of every module is a slice of its own.
        SlicesRuleDefinition.slices()
                .matching("org.vhost4j.(**)")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    /**
     * What package descriptions promise about packages that they do not know: a package with all below it, and which others its
     * classes may not mention.
     */
    private static Stream<Arguments> promises() {
        return Stream.of(
                promise("device.frame", "device.net", "device.bridge", "device.steering"),
                promise("device.bridge", "device.net"),
                promise("device.steering", "device.net", "device.bridge", "device.ring"),
                promise("vhostuser.session", "vhostuser.server", "host", "device.net", "device.bridge"),
                promise("bench.result", "bench", "bench.load"),
                promise("frontend", NOT_OF_A_DRIVER),
                promise("conformance", NOT_OF_A_DRIVER));
    }

    /** The device's own code: a front-end shares names and the driver's side of the rings with it, and no logic. */
    private static final String[] NOT_OF_A_DRIVER = {
        "device",
        "device.memory",
        "device.ring",
        "device.frame",
        "device.offload",
        "device.bridge",
        "device.steering",
        "device.net",
        "device.stats"
    };

    private static Arguments promise(String knowing, String... unknown) {
        return Arguments.argumentSet(
                knowing,
                "org.vhost4j." + knowing + "..",
                Stream.of(unknown).map(name -> "org.vhost4j." + name).toArray(String[]::new));
    }

    @ParameterizedTest
    @MethodSource("promises")
    void aPackageDoesNotKnowWhatItPromisesNotToKnow(String knowing, String[] unknown) {
        noClasses()
                .that()
                .resideInAPackage(knowing)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(unknown)
                .check(CLASSES);
    }

    @Test
    void deviceAndDriverDoNotKnowEachOther() {
        noClasses()
                .that()
                .resideInAPackage("org.vhost4j.device.driver..")
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are of the rest of the device",
                        to -> to.getPackageName().startsWith("org.vhost4j.device")
                                && !to.getPackageName().startsWith("org.vhost4j.device.driver")))
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("org.vhost4j.device..")
                .and()
                .resideOutsideOfPackage("org.vhost4j.device.driver..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.vhost4j.device.driver..")
                .check(CLASSES);
    }

    @Test
    void theLibrariesNeedNeitherNettyNorJacksonNorPicocli() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "org.vhost4j.frontend..",
                        "org.vhost4j.conformance..",
                        "org.vhost4j.tools.common..",
                        "org.vhost4j.vhostuser.wire..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty..", "tools.jackson..", "com.fasterxml..", "com.networknt..", "picocli..")
                .check(CLASSES);
    }

    @Test
    void theCodecAndTheSessionDoNoInputOrOutput() {
        noClasses()
                .that()
                .resideInAnyPackage("org.vhost4j.vhostuser.wire..", "org.vhost4j.vhostuser.session..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.net..", "java.nio.channels..", "java.nio.file..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(InputStream.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(OutputStream.class)
                .check(CLASSES);
    }

    @Test
    void ofJacksonTheMonitorsJsonUsesValuesOnly() {
        noClasses()
                .that()
                .resideInAPackage("org.vhost4j.qmp.wire..")
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are Jackson's and no values",
                        to -> to.getPackageName().startsWith("tools.jackson")
                                && !to.getName().equals("tools.jackson.databind.JsonNode")
                                && !to.getPackageName().equals("tools.jackson.databind.node")))
                .check(CLASSES);
    }
}
