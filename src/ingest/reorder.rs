//! How many pictures may overtake another, as the stream's header (SPS) says. Pure.
//!
//! H.264 says it in the VUI, which many cameras leave out, or by what the profile allows; H.265
//! always says it. The bytes may be anything: what cannot be read says nothing.

use std::io::BufRead;
use std::num::NonZeroUsize;

use h264_reader::nal::sps::{PicOrderCntType, SeqParameterSet};
use h264_reader::rbsp::{BitRead, BitReader, BitReaderError, ByteReader};

/// Of an H.264 SPS with its NAL header.
pub(super) fn h264_depth(sps: &[u8]) -> Option<usize> {
    const BASELINE: u8 = 66;
    let sps = SeqParameterSet::from_bits(BitReader::new(ByteReader::skipping_h264_header(sps))).ok()?;
    if u8::from(sps.profile_idc) == BASELINE || matches!(sps.pic_order_cnt, PicOrderCntType::TypeTwo) {
        return Some(0);
    }
    let told = sps.vui_parameters?.bitstream_restrictions?;
    usize::try_from(told.max_num_reorder_frames).ok()
}

/// Of an H.265 SPS with its NAL header.
pub(super) fn h265_depth(sps: &[u8]) -> Option<usize> {
    let header = NonZeroUsize::new(2)?;
    let mut bits = BitReader::new(ByteReader::skipping_bytes(sps, header));
    let told = read_h265(&mut bits).ok()?;
    usize::try_from(told).ok()
}

/// ITU-T H.265, 7.3.2.2.1, up to sps_max_num_reorder_pics of the highest sub-layer.
fn read_h265<R: BufRead + Clone>(bits: &mut BitReader<R>) -> Result<u32, BitReaderError> {
    const MAIN_LAYER: &str = "general_profile_tier_level";
    bits.skip(4, "sps_video_parameter_set_id")?;
    let sub_layers: u8 = bits.read(3, "sps_max_sub_layers_minus1")?;
    bits.skip(1, "sps_temporal_id_nesting_flag")?;
    bits.skip(96, MAIN_LAYER)?;
    let mut skipped = 0;
    for _ in 0..sub_layers {
        skipped += if bits.read_bool("sub_layer_profile_present_flag")? { 88 } else { 0 };
        skipped += if bits.read_bool("sub_layer_level_present_flag")? { 8 } else { 0 };
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - u32::from(sub_layers)), "reserved_zero_2bits")?;
    }
    bits.skip(skipped, "sub_layers")?;
    bits.read_ue("sps_seq_parameter_set_id")?;
    if bits.read_ue("chroma_format_idc")? == 3 {
        bits.skip(1, "separate_colour_plane_flag")?;
    }
    bits.read_ue("pic_width_in_luma_samples")?;
    bits.read_ue("pic_height_in_luma_samples")?;
    if bits.read_bool("conformance_window_flag")? {
        for _ in 0..4 {
            bits.read_ue("conf_win_offset")?;
        }
    }
    bits.read_ue("bit_depth_luma_minus8")?;
    bits.read_ue("bit_depth_chroma_minus8")?;
    bits.read_ue("log2_max_pic_order_cnt_lsb_minus4")?;
    let all_layers = bits.read_bool("sps_sub_layer_ordering_info_present_flag")?;
    let mut told = 0;
    for _ in 0..=if all_layers { sub_layers } else { 0 } {
        bits.read_ue("sps_max_dec_pic_buffering_minus1")?;
        told = bits.read_ue("sps_max_num_reorder_pics")?;
        bits.read_ue("sps_max_latency_increase_plus1")?;
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libav::VideoFormat;
    use crate::libav::testing::sps_of;
    use proptest::prelude::*;

    /// What x264 or x265 with these options says, at 64x64.
    fn encoded(encoder: &str, params: &str) -> VideoFormat {
        crate::libav::testing::header(encoder, params)
    }

    #[test]
    fn h264_says_it_in_its_vui_or_by_its_profile() {
        let depth = |params: &str| h264_depth(&sps_of(&encoded("libx264", params)));
        assert_eq!(depth("bframes=0"), Some(0));
        assert_eq!(depth("bframes=3:b-pyramid=none:b-adapt=0"), Some(1));
        assert_eq!(depth("bframes=3:b-pyramid=normal:b-adapt=0"), Some(2));
        // A camera's: Main profile without a VUI says nothing, Baseline allows none.
        let main = [0x67, 0x4D, 0x00, 0x1E, 0xF4, 0x05, 0x01, 0xEC, 0x80];
        assert_eq!(h264_depth(&main), None);
        let baseline = [0x67, 0x42, 0x00, 0x1E, 0xF4, 0x05, 0x01, 0xEC, 0x80];
        assert_eq!(h264_depth(&baseline), Some(0));
    }

    #[test]
    fn h265_always_says_it() {
        let depth = |params: &str| h265_depth(&sps_of(&encoded("libx265", params)));
        assert_eq!(depth("bframes=0"), Some(0));
        assert_eq!(depth("bframes=3:b-pyramid=0:b-adapt=0"), Some(1));
        assert_eq!(depth("bframes=3:b-pyramid=1:b-adapt=0"), Some(2));
        assert_eq!(depth("bframes=3:b-pyramid=1:b-adapt=0:temporal-layers=1"), Some(2));
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (h264_depth(&bytes), h265_depth(&bytes));
        }

        #[test]
        fn a_damaged_header_gives_an_answer(flips in proptest::collection::vec((0usize..60, any::<u8>()), 1..6), length in 0usize..60) {
            let h264 = [0x67, 0x64, 0x00, 0x1E, 0xAC, 0xD9, 0x40, 0xA0, 0x3D, 0xA1, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00];
            let mut bytes: Vec<u8> = h264.iter().copied().cycle().take(60).collect();
            flips.iter().for_each(|(at, to)| bytes[*at] = *to);
            bytes.truncate(length);
            let _ = (h264_depth(&bytes), h265_depth(&bytes));
        }
    }
}
