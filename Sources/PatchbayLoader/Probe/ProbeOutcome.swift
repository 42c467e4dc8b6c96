/// How a plugin's first execution went.
package struct ProbeOutcome: Sendable, Hashable, Codable {
    /// How far it came.
    package enum Stage: String, Sendable, Hashable, Codable {
        /// The child has begun.
        case start
        /// The loader maps it and its libraries, and runs their constructors.
        case open
        /// Its entry is called, and what it gives is compared with its metadata.
        case entry
        /// A bound library's functions are tried.
        case probation
        /// Its layers are registered.
        case register
        case done

        var words: String {
            switch self {
            case .start: "before it was opened"
            case .open: "when it was opened, where its constructors run"
            case .entry: "in its entry function"
            case .probation: "when its functions were tried"
            case .register: "when its layers were registered"
            case .done: "after all was done"
            }
        }
    }

    package enum Ending: Sendable, Hashable, Codable {
        case passed
        /// The loader, or the host, refused it with ``message``.
        case refused
        case exited(Int32)
        case killed(signal: Int32)
        case timedOut
    }

    package var stage: Stage
    package var ending: Ending
    /// The loader's, or the host's.
    package var message: String?
    /// The last lines that it wrote to standard output and standard error.
    package var log: [String]
    /// `instance`, `plugin` or `parallel`, where it came so far.
    package var threads: String?
    /// From when the child began to speak.
    package var milliseconds: Int

    package var hasPassed: Bool { ending == .passed }

    /// What happened, in one line.
    package var reason: String {
        switch ending {
        case .passed: return "passed"
        case .refused: return message ?? "it was refused \(stage.words)"
        case .exited(let status): return "it ended its process with exit code \(status) \(stage.words)" + logged
        case .killed(let signal): return "it \(Self.verb(signal)) (\(Self.name(signal))) \(stage.words)" + logged
        case .timedOut: return "it did not come back within \(time) \(stage.words)" + logged
        }
    }

    private var time: String { milliseconds < 1000 ? "\(milliseconds) ms" : "\(milliseconds / 1000) s" }

    private var logged: String { log.last.map { "; its last line: \($0)" } ?? "" }

    /// What to do about it.
    package var advice: String {
        let again = "it is tried again once the file changes, or with 'patchbay check'"
        switch ending {
        case .passed: return "nothing"
        case .refused: return again
        case .exited: return "a plugin never calls exit: return an error; \(again)"
        case .killed(let signal) where Self.limits.contains(signal): return "it used more than a first run may; \(again)"
        case .killed: return "run it under a debugger (patchbay check --in-process), or ask its author; \(again)"
        case .timedOut: return "nothing may wait in a constructor or in the entry; \(again)"
        }
    }

    /// SIGXCPU and SIGXFSZ.
    private static let limits: Set<Int32> = [24, 25]

    private static func verb(_ signal: Int32) -> String {
        switch signal {
        case 6: "aborted"
        case 9: "was killed"
        case 24, 25: "went beyond a limit"
        default: "crashed"
        }
    }

    /// signal(7), on x86-64 and AArch64.
    package static func name(_ signal: Int32) -> String {
        let names: [Int32: String] = [
            1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL",
            11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
        ]
        return names[signal] ?? "signal \(signal)"
    }
}
