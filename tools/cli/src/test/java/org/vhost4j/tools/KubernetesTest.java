// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests that the manifests in {@code docs/kubernetes} use the labels that {@code platform labels} prints. */
class KubernetesTest {
    private static final Pattern LABEL = Pattern.compile("feature\\.node\\.kubernetes\\.io/([\\w.-]+)");

    @Test
    void labelsAreThoseThatTheCommandPrints() throws IOException {
        StringWriter out = new StringWriter();
        int status =
                Vhost4j.line("platform").setOut(new PrintWriter(out, true)).execute("platform", "labels", "--emulate");
        assertThat(status).isZero();
        List<String> printed =
                out.toString().lines().map(line -> line.replace("=true", "")).toList();
        for (String file : List.of("labels.yaml", "guest.yaml")) {
            List<String> used = LABEL.matcher(Files.readString(SourceTree.ROOT.resolve("docs/kubernetes/" + file)))
                    .results()
                    .map((MatchResult label) -> label.group(1))
                    .toList();
            assertThat(used).isNotEmpty();
            assertThat(printed).containsAll(used);
        }
    }

    /** As much of an API as the test below needs, in the form of its OpenAPI document. */
    private static final String DOCUMENT = """
            {"components": {"schemas": {
              "io.Set": {"type": "object", "required": ["spec"],
                "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Set"}],
                "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
                  "spec": {"allOf": [{"$ref": "#/components/schemas/io.Spec"}]}}},
              "io.Spec": {"type": "object", "properties": {
                "replicas": {"type": "integer"},
                "policy": {"type": "string", "enum": ["Always", "Never"]},
                "limits": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/io.Quantity"}},
                "drop": {"type": "array", "items": {"type": "string"}}}},
              "io.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]}}}}
            """;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {apiVersion: apps/v1, kind: Set, spec: {replicas: 1, policy: Never, limits: {cpu: 10m, b: 2}, drop: [ALL]}} |
            {apiVersion: apps/v1, kind: Set, spec: {replica: 1}}           | .spec.replica: there is no such field
            {apiVersion: apps/v1, kind: Set, spec: {replicas: !!str 1}}    | .spec.replicas: "1" is no integer
            {apiVersion: apps/v1, kind: Set, spec: {policy: never}}        | .spec.policy: "never" is none of ["Always","Never"]
            {apiVersion: apps/v1, kind: Set, spec: {limits: {cpu: [1]}}}   | .spec.limits.cpu: [1] is no [{"type":"string"},{"type":"number"}]
            {apiVersion: apps/v1, kind: Set, spec: {drop: [ALL, 1]}}       | .spec.drop[1]: 1 is no string
            {apiVersion: apps/v1, kind: Set}                               | .spec: missing
            {apiVersion: v1, kind: Set, spec: {}}                          | no document has apiVersion v1, kind Set
            """)
    void aManifestIsCheckedAgainstADocument(String manifest, @Nullable String problem) {
        KubernetesApi api = new KubernetesApi(new JsonMapper().readTree(DOCUMENT));
        assertThat(api.problems(KubernetesManifests.objects(manifest).getFirst()))
                .isEqualTo(problem == null ? List.of() : List.of(problem));
    }

    @Test
    void everyManifestIsOfAKindThatHasADocument() throws IOException {
        assertThat(KubernetesManifests.files()).hasSize(2);
        for (Path file : KubernetesManifests.files()) {
            for (JsonNode object : KubernetesManifests.objects(file)) {
                assertThat(object.path("apiVersion").asString() + " "
                                + object.path("kind").asString())
                        .isIn("apps/v1 DaemonSet", "kubevirt.io/v1 VirtualMachine");
                assertThat(object.path("metadata").path("name").asString()).isNotEmpty();
            }
        }
    }

    /** Names and values of labels have at most 63 characters, and begin and end with a letter or a digit. */
    @Test
    void eachLabelIsOneForKubernetes() {
        StringWriter out = new StringWriter();
        Vhost4j.line("platform").setOut(new PrintWriter(out, true)).execute("platform", "labels", "--emulate");
        assertThat(out.toString().lines())
                .isNotEmpty()
                .allMatch(line -> line.matches("[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?=true"));
    }
}
