// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.ExpectedFailures;
import org.vhost4j.conformance.report.JUnitXml;
import org.vhost4j.conformance.trace.Trace;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.Offer;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.SearchPath;
import org.vhost4j.tools.common.Terminal;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code vhost4j probe}: shows what a back-end offers. */
@Command(
        name = "probe",
        description = "Prints what a vhost-user network back-end offers. Sends only queries: it sets up no memory "
                + "and no ring. Status 0 if every query was answered and no dependency is broken, 1 otherwise.",
        mixinStandardHelpOptions = true)
public final class ProbeCommand implements Callable<Integer> {
    /** The name of this command in traces. */
    private static final String COMMAND = "probe";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private SocketOptions where = new SocketOptions();

    @Option(
            names = {"--machine", "-machine"},
            paramLabel = "NAME",
            description = "The QEMU machine type for which platforms are checked. Default: the newest q35.")
    private @Nullable String machine;

    @Mixin
    private TraceOptions traces = new TraceOptions();

    @Mixin
    private CiOptions ci = new CiOptions();

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Option(names = "--schema", help = true, description = "Prints the JSON Schema of --json instead.")
    private boolean schema;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (schema) {
            out.print(ProbeReport.schema());
            out.flush();
            return 0;
        }
        PlatformCatalog catalog = SearchPath.of(System.getenv(), List.of()).load();
        String on = machine == null ? catalog.defaultMachine().name() : machine;
        if (catalog.machine(on).isEmpty()) {
            throw new UnsupportedOption(catalog.noSuchMachine(on));
        }
        Trace again = traces.replayed(COMMAND);
        TraceRecorder recorder =
                again == null ? traces.recorder(COMMAND, null, where.socket()) : TraceRecorder.inMemory();
        ProbeReport report;
        ExpectedFailures expected = ci.expected();
        JUnitProbe document = new JUnitProbe(where.socket().toString());
        ci.write(() -> document.unreached("the command was ended before the back-end answered"));
        try (Rendezvous rendezvous = where.rendezvous()) {
            rendezvous.watch(recorder == null ? null : recorder::connection);
            try (FrontEnd frontEnd = where.connect(rendezvous)) {
                report = ProbeReport.of(rendezvous, Offer.ask(frontEnd), catalog, on);
            }
        } catch (FrontEndException e) {
            String why = "the back-end does not answer: " + e.getMessage();
            ci.write(() -> document.unreached(why));
            throw new UnsupportedOption(why);
        } catch (UnsupportedOption e) {
            ci.write(() -> document.unreached(String.valueOf(e.getMessage())));
            throw e;
        }
        List<JUnitXml.Test> tests = JUnitProbe.tests(report.offer(), expected);
        ci.write(() -> document.text(report.offer(), tests));
        boolean failed = tests.stream().anyMatch(test -> test.status() == JUnitXml.Status.FAILURE);
        String outcome = report.offer().troubles().isEmpty()
                        && report.offer().violations().isEmpty()
                ? "pass"
                : "fail";
        if (again != null && recorder != null) {
            Trace.Comparison comparison = again.compare(recorder.messages(), outcome);
            out.print(comparison.text());
            failed = !comparison.same();
        } else {
            if (recorder != null) {
                recorder.end(outcome);
            }
            out.print(json ? report.json() : report.text(Terminal.columns()));
        }
        out.flush();
        return failed ? 1 : 0;
    }
}
