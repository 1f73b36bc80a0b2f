package tidegate

import groovy.transform.CompileStatic
import groovyjarjarasm.asm.ClassReader
import groovyjarjarasm.asm.ClassVisitor
import groovyjarjarasm.asm.ClassWriter
import groovyjarjarasm.asm.MethodVisitor
import groovyjarjarasm.asm.Opcodes
import java.lang.reflect.Field
import java.lang.reflect.Method
import org.codehaus.groovy.control.BytecodeProcessor

/**
 * Keeps scripts from ending the JVM, and has them end in time. Calls that Groovy dispatches meet the replaced methods of GuardedMethods; calls
 * that are compiled into a class of a script, and calls of Method.invoke, are led here as the class is written.
 */
@CompileStatic
class Guard implements BytecodeProcessor {
    private static final Set<String> FATAL = ["exit", "halt"] as Set
    private static final String GUARD = "tidegate/Guard"
    private static final String INVOKE = "(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;"
    static final int LEVEL = newestLevel()

    static void exit(int code) {
        throw refused("System.exit")
    }

    static void exit(Runtime runtime, int code) {
        throw refused("Runtime.exit")
    }

    static void halt(Runtime runtime, int code) {
        throw refused("Runtime.halt")
    }

    /** What Method.invoke does, but for the methods that end the JVM. */
    static Object invoke(Method method, Object target, Object[] arguments) {
        if (method.name in FATAL && method.declaringClass in [System, Runtime]) {
            throw refused(method.declaringClass.simpleName + "." + method.name)
        }
        method.invoke(target, arguments)
    }

    /** What a script's loops, closures and methods ask before each round; true for as long as the call is overdue. */
    static boolean isInterrupted(Thread thread) {
        thread.isInterrupted() || thread instanceof ServingThread && ((ServingThread) thread).overdue
    }

    static Refused refused(String call) {
        new Refused("${call} is not for scripts: it would end the decoding of every tenant".toString())
    }

    @Override
    byte[] processBytecode(String name, byte[] original) {
        ClassReader reader = new ClassReader(original)
        ClassWriter writer = new ClassWriter(reader, 0)
        reader.accept(new Rewriter(writer), 0)
        writer.toByteArray()
    }

    private static int newestLevel() {
        List<String> known = Opcodes.fields.collect { Field field -> field.name }
        String newest = ["ASM9", "ASM8", "ASM7", "ASM6", "ASM5"].find { String level -> known.contains(level) }
        Opcodes.getField(newest).getInt(null)
    }

    /** Visits every method of a class. */
    private static class Rewriter extends ClassVisitor {
        Rewriter(ClassVisitor next) {
            super(Guard.LEVEL, next)
        }

        @Override
        MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] exceptions) {
            new Calls(super.visitMethod(access, name, descriptor, signature, exceptions))
        }
    }

    /** Leads calls to Guard's methods. */
    private static class Calls extends MethodVisitor {
        Calls(MethodVisitor next) {
            super(Guard.LEVEL, next)
        }

        @Override
        void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean isInterface) {
            String led = null
            if (owner == "java/lang/System" && name == "exit") {
                led = descriptor
            } else if (owner == "java/lang/Runtime" && FATAL.contains(name)) {
                led = descriptor.replace("(", "(Ljava/lang/Runtime;")
            } else if (owner == "java/lang/reflect/Method" && name == "invoke" && descriptor == INVOKE) {
                led = descriptor.replace("(", "(Ljava/lang/reflect/Method;")
            } else if (owner == "java/lang/Thread" && name == "isInterrupted") {
                led = descriptor.replace("(", "(Ljava/lang/Thread;")
            }
            if (led == null) {
                super.visitMethodInsn(opcode, owner, name, descriptor, isInterface)
            } else {
                super.visitMethodInsn(Opcodes.INVOKESTATIC, GUARD, name, led, false)
            }
        }
    }
}
