/// Why a file or a folder is not used.
package struct Distrust: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// Nothing is there: for most folders of the search path that is as it should be.
        case missing
        case relative, unreadable, owner, openToOthers, link, notRegular, changed, tooLarge
    }

    package var kind: Kind
    /// What is wrong, and what to do.
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
