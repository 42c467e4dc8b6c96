public import PatchbayIO

/// The resolved plan of one URL: which plugin fills which layer, with which options, and why.
public struct Stack: Sendable {
    /// An authenticator with what the connection must know of it.
    public struct MadeAuthenticator: Sendable {
        public var name: String
        public var traits: AuthenticatorTraits
        public var authenticator: any Authenticator
    }

    /// Where the transport goes, decoded.
    public struct Target: Sendable, Hashable {
        public var host: String?
        public var port: Int?
        /// Empty where the URL has none.
        public var path: String

        package init(host: String?, port: Int?, path: String) {
            self.host = host
            self.port = port
            self.path = path
        }
    }

    public let role: Role
    /// From the application to the wire; the transport is the last.
    public let layers: [StackLayer]
    public let codec: any Codec
    /// Outermost first.
    public let messageProcessors: [any Processor]
    public let framing: any Framing
    /// Outermost first.
    public let streamProcessors: [any Processor]
    /// The one for the identity before the one that secures.
    public let authenticators: [MadeAuthenticator]
    public let transport: any Transport
    public let transportTraits: TransportTraits
    /// To listen, the host is 127.0.0.1 and the port 0 where the URL has none.
    public let target: Target
    public let connection: ConnectionOptions
    /// Handshake data, in the order of the URL.
    public let data: [HandshakeDatum]
    public let user: String?
    /// There is no greeting: framed bytes from the first on.
    public let isBare: Bool
    /// What both ends must agree on, canonical, as the greeting carries it: `json+separated(byte=0x0a)+length`.
    public let wireText: String
    /// The URL for print.
    public let redactedURL: String

    let connectionOptions: [StackLayer.ResolvedOption]
    let shownTarget: String
    let shownUser: String?
    package let transportOptions: Options
    let carrier: Carrier?
    /// Codec, processors and framing with their options, from the application to the wire.
    let composition: [(layer: Layer, options: Options)]
    let connectionValues: Options

    /// The transport's name.
    public var transportName: String { layers.last?.name ?? "" }

    /// What the transport needs to dial or listen.
    public func transportContext(on reactor: Reactor) -> TransportContext {
        TransportContext(
            host: target.host,
            port: target.port,
            path: target.path,
            options: transportOptions,
            reactor: reactor,
            timeout: connection.timeout,
            carrier: carrier
        )
    }
}

/// One layer of a stack, and why it is there.
public struct StackLayer: Sendable {
    /// Why a layer is in a stack.
    public enum Origin: Sendable, Hashable {
        /// The URL names it.
        case written
        /// The URL is silent.
        case `default`
        /// The URL names an alias that stands for it.
        case alias(String)
        /// The address is written in a short form, such as `host:port`.
        case shortForm
    }

    /// One option that has a value.
    public struct ResolvedOption: Sendable, Hashable {
        public var name: String
        /// For print: `***` for a secret.
        public var shown: String
        public var source: Options.Source
        /// It names a file, whose content may be another one by the next time.
        var isPath = false

        package init(name: String, shown: String, source: Options.Source) {
            self.name = name
            self.shown = shown
            self.source = source
        }
    }

    public let kind: LayerKind
    public let name: String
    public let plugin: String
    /// The plugin's version.
    public let version: String
    public let origin: Origin
    /// Where a processor works; nil for other layers.
    public let position: ProcessorPosition?
    /// By name.
    public let options: [ResolvedOption]
}
