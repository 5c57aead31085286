// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.peers;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A bare Netty server: its HTTP codec, its aggregator, and one handler. */
public final class NettyPeer {
    private NettyPeer() {}

    /** Takes the port. */
    public static void main(String[] args) throws InterruptedException {
        Counting counting = new Counting();
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
        new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline()
                                .addLast(new HttpServerCodec())
                                .addLast(new HttpObjectAggregator(PeerCounts.BODY_BYTES_MAX))
                                .addLast(counting);
                    }
                })
                .bind("127.0.0.1", Integer.parseInt(args[0]))
                .sync();
    }

    @Sharable
    private static final class Counting extends SimpleChannelInboundHandler<FullHttpRequest> {
        private final PeerCounts counts = new PeerCounts();

        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            FullHttpResponse response = answer(request);
            response.headers()
                    .setInt(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
            boolean keepAlive = HttpUtil.isKeepAlive(request);
            HttpUtil.setKeepAlive(response, keepAlive);
            var written = context.writeAndFlush(response);
            if (!keepAlive) {
                written.addListener(ChannelFutureListener.CLOSE);
            }
        }

        private FullHttpResponse answer(FullHttpRequest request) {
            byte @Nullable [] body;
            try {
                body = counts.post(
                        request.uri(),
                        request.headers().get(HttpHeaderNames.CONTENT_TYPE),
                        ByteBufUtil.getBytes(request.content()));
            } catch (IOException | RuntimeException e) {
                return new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.BAD_REQUEST);
            }
            if (body == null) {
                return new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND);
            }
            FullHttpResponse accepted = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.ACCEPTED, Unpooled.wrappedBuffer(body));
            accepted.headers().set(HttpHeaderNames.CONTENT_TYPE, PeerCounts.CONTENT_TYPE);
            accepted.headers().set(PeerCounts.LEVEL_HEADER, PeerCounts.LEVEL);
            return accepted;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
