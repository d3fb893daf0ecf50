//! Reads the number and the send time that a simulated camera drew into a picture.
//!
//! Two rows of 48 blocks at the top, 16 pixels each; bits from the highest: 8 sync, 32 number, 48
//! send time in ms since the epoch, 8 CRC (polynomial 0x07) of number and time.

use quaywatch::libav::Luma;

const SYNC: u64 = 0b1010_1100;

/// The number and send time, if the picture has a stamp that its checksum confirms.
pub fn read(luma: &Luma<'_>) -> Option<(u64, i64)> {
    let mut bits = Vec::with_capacity(96);
    for row in 0..2u32 {
        let lines: Vec<&[u8]> = (row * 16 + 4..row * 16 + 12).filter_map(|y| luma.row(y)).collect();
        for block in 0..48usize {
            let width = luma.width as usize;
            let (from, to) = (block * width / 48, (block + 1) * width / 48);
            let (from, to) = (from + (to - from) / 4, to - (to - from) / 4);
            let sum: u64 = lines.iter().flat_map(|line| &line[from..to]).map(|p| u64::from(*p)).sum();
            let count = (lines.len() * (to - from)) as u64;
            bits.push(sum / count.max(1) > 125);
        }
    }
    let number =
        |range: std::ops::Range<usize>| bits[range].iter().fold(0u64, |n, bit| n << 1 | u64::from(*bit));
    let (n, ms) = (number(8..40), number(40..88));
    let bytes: Vec<u8> =
        (n as u32).to_be_bytes().into_iter().chain(ms.to_be_bytes()[2..].iter().copied()).collect();
    (number(0..8) == SYNC && number(88..96) == u64::from(crc8(&bytes))).then_some((n, ms as i64))
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 != 0 { crc << 1 ^ 0x07 } else { crc << 1 })
    })
}
