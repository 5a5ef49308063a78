// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The manifests in {@code docs/kubernetes}; the main method validates them with given OpenAPI documents ({@code
 * tools/kubernetes}).
 */
public final class KubernetesManifests {
    private static final JsonMapper MAPPER = new JsonMapper();

    private KubernetesManifests() {}

    /** The files. */
    static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(SourceTree.ROOT.resolve("docs/kubernetes"))) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
    }

    /** The objects of a file. */
    static List<JsonNode> objects(Path file) throws IOException {
        return objects(Files.readString(file));
    }

    /** The objects of a text. */
    static List<JsonNode> objects(String yaml) {
        List<JsonNode> objects = new ArrayList<>();
        // The schema of YAML 1.2's core is not what Kubernetes reads; all that we write means the same in both.
        new Load(LoadSettings.builder().build())
                .loadAllFromString(yaml)
                .forEach(object -> objects.add(MAPPER.valueToTree(object)));
        return objects;
    }

    /**
     * Prints the errors of each manifest.
     *
     * @param documents OpenAPI documents
     * @throws IOException when a file cannot be read
     */
    public static void main(String[] documents) throws IOException {
        KubernetesApi schema =
                new KubernetesApi(Stream.of(documents).map(Path::of).toList());
        boolean wrong = false;
        for (Path file : files()) {
            for (JsonNode object : objects(file)) {
                List<String> problems = schema.problems(object);
                wrong |= !problems.isEmpty();
                String name = file.getFileName() + ": " + object.path("kind").asString() + " "
                        + object.path("metadata").path("name").asString();
                System.out.println(name + (problems.isEmpty() ? ": as the documents have it" : ""));
                problems.forEach(problem -> System.out.println("  " + problem));
            }
        }
        System.exit(wrong ? 1 : 0);
    }
}
