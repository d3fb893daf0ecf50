//! The few calls for which the bindings have no safe form: codec parameters by hand, a packet
//! written without a copy, an encoder's header read back.
//!
//! Each function takes and gives safe types, and every `unsafe` block says why it holds.

#![expect(unsafe_code, reason = "libav's parameters can only be filled through its C structures")]

use bytes::Bytes;
use ff::ffi;
use ff::format::Pixel;
use ffmpeg_next as ff;

use super::{AudioFormat, LibavError, Times, VideoFormat, tell};

/// What is asked of a stream: everything that libav keeps in `AVCodecParameters`.
pub(super) fn video_parameters(format: &VideoFormat) -> Result<ff::codec::Parameters, LibavError> {
    let size = (i32::try_from(format.width), i32::try_from(format.height));
    let (Ok(width), Ok(height)) = size else {
        return Err(LibavError::Unsupported(format!("a picture {} wide", format.width)));
    };
    let mut parameters = ff::codec::Parameters::new();
    set_extradata(&mut parameters, &format.extradata)?;
    // SAFETY: `Parameters::new` allocated the structure (checked in `set_extradata`), nothing else
    // refers to it, and only plain numbers are stored.
    unsafe {
        let p = &mut *parameters.as_mut_ptr();
        p.codec_type = ffi::AVMediaType::AVMEDIA_TYPE_VIDEO;
        p.codec_id = format.codec.id().into();
        p.width = width;
        p.height = height;
    }
    Ok(parameters)
}

/// As [`video_parameters`], for sound of any codec.
pub(super) fn audio_parameters(
    id: ff::codec::Id,
    format: &AudioFormat,
) -> Result<ff::codec::Parameters, LibavError> {
    let Ok(rate) = i32::try_from(format.sample_rate) else {
        return Err(LibavError::Unsupported(format!("a sample rate of {}", format.sample_rate)));
    };
    let mut parameters = ff::codec::Parameters::new();
    set_extradata(&mut parameters, &format.extradata)?;
    // SAFETY: as in `video_parameters`; the channel layout is filled by libav itself and, being a
    // default one, owns no memory.
    unsafe {
        let p = &mut *parameters.as_mut_ptr();
        p.codec_type = ffi::AVMediaType::AVMEDIA_TYPE_AUDIO;
        p.codec_id = id.into();
        p.sample_rate = rate;
        ffi::av_channel_layout_default(&mut p.ch_layout, i32::from(format.channels));
        if id == ff::codec::Id::AAC {
            p.frame_size = 1024;
        }
    }
    Ok(parameters)
}

fn set_extradata(parameters: &mut ff::codec::Parameters, bytes: &[u8]) -> Result<(), LibavError> {
    let padded = bytes.len().saturating_add(64);
    let too_big = || LibavError::Unsupported(format!("a codec header of {} bytes", bytes.len()));
    let size = i32::try_from(bytes.len()).ok().filter(|n| *n < 1 << 20).ok_or_else(too_big)?;
    // SAFETY: the structure is checked to be there; libav owns and frees `extradata`, which must
    // come from its allocator with 64 zeroed bytes (AV_INPUT_BUFFER_PADDING_SIZE) behind it; the
    // copy stays within what was allocated.
    unsafe {
        let p = parameters.as_mut_ptr();
        let memory = ffi::av_mallocz(padded).cast::<u8>();
        if p.is_null() || memory.is_null() {
            return Err(LibavError::Failed { doing: "allocating", cause: "no memory".into() });
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
        (*p).extradata = memory;
        (*p).extradata_size = size;
    }
    Ok(())
}

/// The extradata, width, height and channels of a stream that libav opened.
pub(super) fn read_parameters(parameters: &ff::codec::Parameters) -> (Bytes, u32, u32, u16) {
    // SAFETY: a stream's parameters live as long as `parameters` keeps its owner; `extradata` is
    // null or holds `extradata_size` bytes.
    unsafe {
        let p = &*parameters.as_ptr();
        let extradata = bytes_at(p.extradata, p.extradata_size);
        let channels = u16::try_from(p.ch_layout.nb_channels).unwrap_or(0);
        let (width, height) = (u32::try_from(p.width), u32::try_from(p.height));
        (extradata, width.unwrap_or(0), height.unwrap_or(0), channels)
    }
}

/// The header that an opened encoder made for its stream.
pub(super) fn encoder_extradata(context: &ff::codec::Context) -> Bytes {
    // SAFETY: the context is open and not in use by another; `extradata` as above.
    unsafe {
        let c = &*context.as_ptr();
        bytes_at(c.extradata, c.extradata_size)
    }
}

/// # Safety
/// `data` is null or points to at least `size` readable bytes.
unsafe fn bytes_at(data: *const u8, size: i32) -> Bytes {
    match usize::try_from(size) {
        // SAFETY: the caller's promise.
        Ok(size) if !data.is_null() => {
            Bytes::copy_from_slice(unsafe { std::slice::from_raw_parts(data, size) })
        }
        _ => Bytes::new(),
    }
}

/// Adds a stream to a file whose header is not written yet; answers its index.
pub(super) fn add_stream(
    output: &mut ff::format::context::Output,
    parameters: &ff::codec::Parameters,
    ticks: i32,
    tag: Option<&[u8; 4]>,
) -> Result<i32, LibavError> {
    // SAFETY: `output` owns an open context; the stream it gives back belongs to it and is valid
    // until it is freed; the parameters are copied.
    unsafe {
        let stream = ffi::avformat_new_stream(output.as_mut_ptr(), std::ptr::null());
        if stream.is_null() {
            return Err(LibavError::Failed { doing: "adding a track", cause: "no memory".into() });
        }
        let copied = ffi::avcodec_parameters_copy((*stream).codecpar, parameters.as_ptr());
        tell("adding a track", if copied < 0 { Err(ff::Error::from(copied)) } else { Ok(()) })?;
        (*(*stream).codecpar).codec_tag = tag.map_or(0, |tag| u32::from_le_bytes(*tag));
        (*stream).time_base = ffi::AVRational { num: 1, den: ticks };
        Ok((*stream).index)
    }
}

/// How pictures of one kind and size become those of another.
pub(super) struct Scaling(ff::software::scaling::Context);

// SAFETY: a scaling context is memory of its own that libav ties to no thread (swscale.h); it is not
// shared, because running it takes it mutably.
unsafe impl Send for Scaling {}

impl Scaling {
    /// From and to: the kind of pixels, how many across, how many down.
    pub(super) fn new(
        from: (Pixel, u32, u32),
        to: (Pixel, u32, u32),
        flags: ff::software::scaling::Flags,
    ) -> Result<Self, LibavError> {
        let made = ff::software::scaling::Context::get(from.0, from.1, from.2, to.0, to.1, to.2, flags);
        tell("setting up a scaler", made).map(Self)
    }

    /// Scales one picture into another of the size and kind that were given.
    pub(super) fn run(
        &mut self,
        picture: &ff::frame::Video,
        into: &mut ff::frame::Video,
    ) -> Result<(), ff::Error> {
        self.0.run(picture, into)
    }
}

/// One packet as it goes into a file, in its stream's ticks.
pub(super) struct Outgoing<'a> {
    pub(super) stream: i32,
    pub(super) times: Times,
    pub(super) duration: i64,
    pub(super) key: bool,
    pub(super) data: &'a [u8],
}

/// Gives one packet to the muxer, which copies its bytes once into the fragment it is making.
pub(super) fn write(
    output: &mut ff::format::context::Output,
    packet: &Outgoing<'_>,
) -> Result<(), ff::Error> {
    let size = i32::try_from(packet.data.len()).map_err(|_| ff::Error::InvalidData)?;
    // SAFETY: the header was written (the muxers here do it when made). A packet without `buf` is
    // borrowed: `av_write_frame` neither keeps nor writes through `data` (avformat.h), so a shared
    // slice that lives for the call is enough. An all-zero AVPacket is a valid empty one.
    let result = unsafe {
        let mut raw: ffi::AVPacket = std::mem::zeroed();
        raw.data = packet.data.as_ptr().cast_mut();
        raw.size = size;
        raw.stream_index = packet.stream;
        (raw.pts, raw.dts, raw.duration) = (packet.times.pts, packet.times.dts, packet.duration);
        raw.flags = if packet.key { ffi::AV_PKT_FLAG_KEY } else { 0 };
        raw.pos = -1;
        ffi::av_write_frame(output.as_mut_ptr(), &mut raw)
    };
    if result < 0 { Err(ff::Error::from(result)) } else { Ok(()) }
}

/// Has a demuxer pass over all tracks but this one.
pub(super) fn read_only(input: &mut ff::format::context::Input, track: usize) {
    // SAFETY: `input` owns an open context whose `streams` holds `nb_streams` valid pointers; only a
    // plain number of each is set, which libav lets its users set at any time (avformat.h).
    unsafe {
        let context = &mut *input.as_mut_ptr();
        let count = usize::try_from(context.nb_streams).unwrap_or(0);
        for index in (0..count).filter(|index| *index != track) {
            (**context.streams.add(index)).discard = ffi::AVDiscard::AVDISCARD_ALL;
        }
    }
}

/// Refuses pictures with more pixels than this.
pub(super) fn limit_pixels(context: &mut ff::codec::Context, most: i64) {
    // SAFETY: the context is allocated and not open yet; a plain number is set.
    unsafe {
        (*context.as_mut_ptr()).max_pixels = most;
    }
}

/// Whether an open decoder was made for a stream of exactly these parameters.
pub(super) fn decodes(decoder: &ff::codec::Context, parameters: &ff::codec::Parameters) -> bool {
    // SAFETY: both are allocated; `extradata` of each is null or holds its size in bytes, which
    // libav copies into a context that is made from parameters and keeps there.
    unsafe {
        let (d, p) = (&*decoder.as_ptr(), &*parameters.as_ptr());
        d.codec_id == p.codec_id
            && bytes_at(d.extradata, d.extradata_size) == bytes_at(p.extradata, p.extradata_size)
            && (p.codec_type != ffi::AVMediaType::AVMEDIA_TYPE_AUDIO || d.sample_rate == p.sample_rate)
    }
}
