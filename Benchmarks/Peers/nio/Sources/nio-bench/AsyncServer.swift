internal import NIOCore
internal import NIOPosix

typealias AsyncChannel = NIOAsyncChannel<ByteBuffer, ByteBuffer>

func wrap(_ channel: any Channel) throws -> AsyncChannel {
    try channel.pipeline.syncOperations.addFrames()
    return try AsyncChannel(wrappingChannelSynchronously: channel)
}

/// A task for each connection.
func serveWithAsyncChannels(_ endpoint: Endpoint) async throws {
    let listener = try await endpoint.server.bind(to: endpoint.address) { channel in
        channel.eventLoop.makeCompletedFuture { try wrap(channel) }
    }
    sayReady()
    try await withThrowingDiscardingTaskGroup { group in
        try await listener.executeThenClose { connections in
            for try await connection in connections {
                // A client that goes away is no concern of the server.
                group.addTask { try? await connection.executeThenClose(answer) }
            }
        }
    }
}

private func answer(
    _ messages: NIOAsyncChannelInboundStream<ByteBuffer>,
    _ answers: NIOAsyncChannelOutboundWriter<ByteBuffer>
) async throws {
    for try await message in messages {
        switch message.getInteger(at: message.readerIndex, as: UInt8.self) {
        case Request.sink: continue
        case Request.echo: try await answers.write(message)
        default: try await answers.write(ByteBuffer(string: "A"))
        }
    }
}
