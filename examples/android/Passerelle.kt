package org.passerelle.example

import android.content.Context
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * A model from the application's assets, on NNAPI.
 *
 *     Passerelle(context, "model.nnapi").use { model ->
 *         val pixels = model.inputs[0].asFloatBuffer()
 *         ...
 *         model.run()
 *         val scores = model.outputs[0].asFloatBuffer()
 *     }
 *
 * Opening and compiling may take seconds: not on the main thread. One thread at a time. The asset must be stored
 * uncompressed: android { androidResources { noCompress += "nnapi" } } in build.gradle.kts.
 */
class Passerelle(context: Context, asset: String) : AutoCloseable {
    private var handle: Long

    init {
        val crashes = File(context.filesDir, "passerelle").apply { mkdirs() }
        // The loader duplicates the descriptor, so that this one may be closed.
        handle = context.assets.openFd(asset).use { file ->
            nativeOpen(
                file.parcelFileDescriptor.fd, file.startOffset, file.length,
                context.codeCacheDir.path, crashes.path,
            )
        }
    }

    /** The buffers that run() reads, in the model's order. */
    val inputs: Array<ByteBuffer> = buffers(nativeInputSizes(handle))

    /** The buffers that run() writes. */
    val outputs: Array<ByteBuffer> = buffers(nativeOutputSizes(handle))

    /** Operations that no driver of this phone can do, and NNAPI does slowly on the CPU. */
    val slowOperations: Int = nativeSlowOperations(handle)

    fun run() {
        check(handle != 0L) { "the model is closed" }
        nativeRun(handle, inputs, outputs)
    }

    override fun close() {
        nativeClose(handle)
        handle = 0
    }

    private fun buffers(sizes: IntArray) = Array(sizes.size) {
        ByteBuffer.allocateDirect(sizes[it]).order(ByteOrder.nativeOrder())
    }

    companion object {
        init {
            System.loadLibrary("passerelle_jni")
        }

        @JvmStatic private external fun nativeOpen(fd: Int, offset: Long, length: Long, cache: String, crashes: String): Long
        @JvmStatic private external fun nativeClose(handle: Long)
        @JvmStatic private external fun nativeInputSizes(handle: Long): IntArray
        @JvmStatic private external fun nativeOutputSizes(handle: Long): IntArray
        @JvmStatic private external fun nativeSlowOperations(handle: Long): Int
        @JvmStatic private external fun nativeRun(handle: Long, inputs: Array<ByteBuffer>, outputs: Array<ByteBuffer>)
    }
}
