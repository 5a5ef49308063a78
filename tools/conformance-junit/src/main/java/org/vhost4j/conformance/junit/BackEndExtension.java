// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.junit;

import java.util.List;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/** The JUnit extension for test classes with the annotation {@link BackEnd}: starts the back-end and supplies the parameters. */
public final class BackEndExtension implements BeforeAllCallback, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(BackEndExtension.class);

    /** Creates the extension, for JUnit. */
    public BackEndExtension() {}

    @Override
    public void beforeAll(ExtensionContext context) {
        BackEnd how = context.getRequiredTestClass().getAnnotation(BackEnd.class);
        // A nested class uses the back-end of the enclosing class, unless it has its own.
        if (how != null) {
            context.getStore(NAMESPACE).put(RunningBackEnd.class, new RunningBackEnd(how));
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return List.of(Conformance.class, NetDriver.class, FrontEnd.class)
                .contains(parameter.getParameter().getType());
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        RunningBackEnd backEnd = context.getStore(NAMESPACE).get(RunningBackEnd.class, RunningBackEnd.class);
        if (backEnd == null) {
            throw new ParameterResolutionException("the class has no @BackEnd that says how the back-end is started");
        }
        Class<?> type = parameter.getParameter().getType();
        if (type == Conformance.class) {
            return backEnd.conformance();
        }
        FrontEnd frontEnd = backEnd.connect();
        AutoCloseable resolved = type == FrontEnd.class ? frontEnd : NetDriver.attach(frontEnd, NetSetup.full());
        context.getStore(NAMESPACE).put(parameter.getParameter(), resolved);
        return resolved;
    }
}
