/// A function of the library, and what each of its arguments is for.
struct CallDescription: Sendable {
    /// What a function is called for, which decides what roles its arguments can have.
    enum Purpose: String, Sendable {
        case transform = "a function that encodes or decodes"
        case bound = "a function that gives a bound"
        case size = "a function that gives the output's size"
        case create = "a function that makes a context"
        case free = "a function that frees a context"
        case initialize = "a function that initialises the library"
        case predicate = "a predicate"
    }

    var prototype: Prototype
    var roles: [ArgumentRole]
    /// Why the call succeeded; nil: it always does.
    var test: SuccessTest?

    /// Type of what it returns: an integer, or the bits of a pointer.
    var resultInteger: CInteger? { prototype.result.isPointer ? .size : prototype.result.integer }
}

/// How it is told that a call succeeded.
indirect enum SuccessTest: Sendable {
    case comparison(ReturnTest)
    /// Another function, which is given what the first returned.
    case predicate(CallDescription)
}

extension CallDescription.Purpose {
    func allows(_ role: ArgumentRole) -> Bool {
        switch (role, self) {
        case (.constant, _), (.null, _): true
        case (.returned, .predicate): true
        case (.contextCell, .create), (.context, .free): true
        case (.option, .create), (.option, .bound), (.option, .transform): true
        case (.constantCell, .transform), (.constantCell, .size): true
        case (.context, .transform), (.context, .bound): true
        case (.inputLength, .bound): true
        case (.inputPointer, .size), (.inputLength, .size), (.outputLengthCell, .size): true
        case (.returned, .transform), (.contextCell, .transform): false
        case (_, .transform): true
        default: false
        }
    }
}
