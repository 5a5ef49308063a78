// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.vhost4j.bench.BenchCommand;
import org.vhost4j.sys.MemoryExhaustion;
import org.vhost4j.tools.capture.CaptureCommand;
import org.vhost4j.tools.common.Terminal;
import org.vhost4j.tools.common.Version;
import org.vhost4j.tools.conformance.ConformanceCommand;
import org.vhost4j.tools.demo.DemoCommand;
import org.vhost4j.tools.manual.GenerateManualCommand;
import org.vhost4j.tools.negotiate.NegotiateCommand;
import org.vhost4j.tools.platform.PlatformCommand;
import org.vhost4j.tools.platform.QemuArgsCommand;
import org.vhost4j.tools.probe.ProbeCommand;
import org.vhost4j.tools.qemu.QemuFeaturesCommand;
import org.vhost4j.tools.run.GuestCommand;
import org.vhost4j.tools.run.PortCommand;
import org.vhost4j.tools.run.RunCommand;
import org.vhost4j.tools.start.QemuAnswer;
import org.vhost4j.tools.start.QemuCommand;
import org.vhost4j.tools.top.StatsCommand;
import org.vhost4j.tools.top.TopCommand;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** The command {@code vhost4j}. Exit status 0: success; 1: failure; 2: the request cannot be fulfilled, and one line states the reason. */
@Command(
        name = "vhost4j",
        description = "A vhost-user virtio-net back-end whose offloads are decided by a named platform.",
        mixinStandardHelpOptions = true,
        versionProvider = Vhost4j.VersionOption.class)
public final class Vhost4j {
    private static final String HELP = "help";

    /** The option that prints a completion script for bash and zsh. */
    private static final String COMPLETION = "generate-completion";

    /** The command that writes the manual pages, which packages use. */
    private static final String MANUAL = "generate-manual";

    /** Commands for building packages: they need all other commands, and are not listed in the help. */
    private static final List<String> FOR_PACKAGES = List.of(COMPLETION, MANUAL);

    /** The subcommands, in the order in which they are listed. */
    private static final Map<String, Supplier<?>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("run", RunCommand::new);
        COMMANDS.put("top", TopCommand::new);
        COMMANDS.put("stats", StatsCommand::new);
        COMMANDS.put("guest", GuestCommand::new);
        COMMANDS.put("port", PortCommand::new);
        COMMANDS.put("demo", DemoCommand::new);
        COMMANDS.put("capture", CaptureCommand::new);
        COMMANDS.put("platform", PlatformCommand::new);
        COMMANDS.put("probe", ProbeCommand::new);
        COMMANDS.put("negotiate", NegotiateCommand::new);
        COMMANDS.put("qemu", QemuCommand::new);
        COMMANDS.put("qemu-args", QemuArgsCommand::new);
        COMMANDS.put("qemu-features", QemuFeaturesCommand::new);
        COMMANDS.put("bench", BenchCommand::new);
        COMMANDS.put("conformance", ConformanceCommand::new);
        COMMANDS.put(HELP, HelpCommand::new);
        COMMANDS.put(COMPLETION, AutoComplete.GenerateCompletion::new);
        COMMANDS.put(MANUAL, GenerateManualCommand::new);
    }

    private Vhost4j() {}

    /** Provides the version of the running archive. */
    static final class VersionOption implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"vhost4j " + Version.current()};
        }
    }

    /**
     * Runs the command.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        PrintWriter errors = new PrintWriter(System.err, true, System.err.charset());
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> {
            MemoryExhaustion.endIfCauseOf(thrown);
            System.err.println("vhost4j: thread " + thread.getName() + " ended: " + FailureLine.of(thrown));
        });
        if (!isRun(arguments)) {
            // A back-end has its own time limit for ending, within which it removes its sockets.
            SecondSignal.endsAtOnce();
        }
        int status;
        try {
            boolean answers = arguments.length == 1 && arguments[0].equals(QemuAnswer.NAME);
            status = answers ? QemuAnswer.run(errors) : run(errors, arguments);
        } catch (Throwable t) {
            errors.println("vhost4j: " + FailureLine.of(t));
            status = FailureLine.status(t);
        }
        if (status != 0) {
            System.exit(status);
        }
    }

    private static boolean isRun(String... arguments) {
        return arguments.length > 0 && arguments[0].equals("run");
    }

    /**
     * Runs the command without ending the process.
     *
     * @param errors writer for error messages
     * @param arguments the command line
     * @return the status
     */
    static int run(PrintWriter errors, String... arguments) {
        // Checked before the command line is parsed: by QEMU's convention all other options are ignored then, even
        // unknown ones.
        if (isRun(arguments) && List.of(arguments).contains(RunCommand.PRINT_CAPABILITIES)) {
            return RunCommand.printCapabilities();
        }
        CommandLine line = line(arguments);
        line.setErr(errors);
        line.setParameterExceptionHandler((exception, given) -> {
            errors.println("vhost4j: " + Misuse.line(exception));
            return 2;
        });
        line.setExecutionExceptionHandler((exception, command, parsed) -> {
            errors.println("vhost4j: " + FailureLine.of(exception));
            return FailureLine.status(exception);
        });
        if (arguments.length == 0) {
            line.usage(errors);
            return 2;
        }
        return line.execute(arguments);
    }

    /**
     * Returns the command with the subcommands that a command line can refer to: the one with which it begins, or all
     * of them. Building picocli's model of a subcommand takes longer than loading its class, and would delay the start
     * of a back-end for all other subcommands.
     *
     * @param arguments the command line
     * @return the command
     */
    static CommandLine line(String... arguments) {
        CommandLine line = new CommandLine(new Vhost4j());
        // An argument that begins with @ is an argument, not a file to read arguments from.
        line.setExpandAtFiles(false);
        boolean aboutAll = arguments.length == 0 || HELP.equals(arguments[0]) || FOR_PACKAGES.contains(arguments[0]);
        Supplier<?> meant = aboutAll ? null : COMMANDS.get(arguments[0]);
        if (meant != null) {
            line.addSubcommand(arguments[0], meant.get());
        } else {
            COMMANDS.forEach((name, command) -> {
                CommandLine sub = new CommandLine(command.get());
                sub.getCommandSpec().usageMessage().hidden(FOR_PACKAGES.contains(name));
                line.addSubcommand(name, sub);
            });
        }
        line.setUsageHelpWidth(Terminal.columns());
        HelpCommand.addToGroups(line);
        tellVersion(line.getCommandSpec());
        return line;
    }

    /** Adds {@code --version} to every command. */
    private static void tellVersion(CommandSpec spec) {
        spec.versionProvider(new VersionOption());
        spec.subcommands().values().forEach(sub -> tellVersion(sub.getCommandSpec()));
    }
}
