//! Pictures, made small for pages. What a picture says of its own size is looked at before anything is decoded, and one
//! at a time is.

use super::keep::Kept;
use super::{KeepFault, Media};
use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage};
use lignaflow_core::media::Media as File;
use lignaflow_core::{Fault, OrganizationId};
use std::io::Cursor;
use std::path::Path;

/// The longer side of a small picture, in pixels.
const SIDE: u32 = 320;
/// Pixels beyond which a picture is not decoded: what the largest telephones make, and a little more.
const MOST_PIXELS: u64 = 64_000_000;
/// Bytes beyond which it is not read.
const MOST_BYTES: u64 = 32 << 20;
/// Bytes that decoding may take.
const MOST_MEMORY: u64 = 256 << 20;
/// JPEG's measure, of a hundred.
const QUALITY: u8 = 80;

fn format_of(content_type: &str) -> Option<ImageFormat> {
    match content_type {
        "image/png" => Some(ImageFormat::Png),
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/gif" => Some(ImageFormat::Gif),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Width and height, as the head of a picture says; nothing of what is no picture that can be read here.
pub(super) fn dimensions(path: &Path, content_type: &str) -> Option<(u32, u32)> {
    let mut reader = ImageReader::open(path).ok()?;
    reader.set_format(format_of(content_type)?);
    reader.into_dimensions().ok()
}

impl Media {
    /// A picture made small, as JPEG; made when it is first asked for. `None` where it is no picture, or too large a one.
    pub async fn thumbnail(&self, organization: OrganizationId, file: &File) -> Result<Option<Bytes>, Fault> {
        let (Some((width, height)), Some(format)) = (file.dimensions, format_of(&file.content_type)) else {
            return Ok(None);
        };
        if u64::from(width) * u64::from(height) > MOST_PIXELS || file.size > MOST_BYTES {
            return Ok(None);
        }
        if let Some(made) = self.made(organization, file).await? {
            return Ok(Some(made));
        }
        let Ok(_turn) = self.0.pictures.acquire().await else { return Ok(None) };
        // Another one may have made it while this one waited.
        if let Some(made) = self.made(organization, file).await? {
            return Ok(Some(made));
        }
        let bytes = self.0.keep.read_whole(organization, &file.sha256, Kept::Bytes).await?;
        let small = tokio::task::spawn_blocking(move || small(&bytes, format)).await;
        let Ok(Some(small)) = small else {
            tracing::info!(id = %file.id, "a picture could not be made small");
            return Ok(None);
        };
        self.0.keep.put_made(organization, &file.sha256, Kept::Thumbnail, small.clone()).await?;
        Ok(Some(small))
    }

    async fn made(&self, organization: OrganizationId, file: &File) -> Result<Option<Bytes>, Fault> {
        match self.0.keep.read_whole(organization, &file.sha256, Kept::Thumbnail).await {
            Ok(made) => Ok(Some(made)),
            Err(KeepFault::Missing) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }
}

fn small(bytes: &[u8], format: ImageFormat) -> Option<Bytes> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    // The head that was looked at when it came is the one that is decoded now, but who knows.
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    decoder.set_limits(limits).ok()?;
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).ok()?.thumbnail(SIDE, SIDE);
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&on_white(&picture)).ok()?;
    Some(out.into())
}

/// JPEG has no transparency: what shines through is white.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let rgba = picture.to_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, alpha] = rgba.get_pixel(x, y).0;
        let mix = |colour: u8| {
            let mixed = u32::from(colour) * u32::from(alpha) + 255 * u32::from(255 - alpha);
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([mix(r), mix(g), mix(b)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgba, RgbaImage};

    fn png(width: u32, height: u32, pixel: [u8; 4]) -> Vec<u8> {
        let mut bytes = Vec::new();
        RgbaImage::from_pixel(width, height, Rgba(pixel))
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        bytes
    }

    #[test]
    fn a_picture_becomes_small_and_keeps_its_shape() {
        let small = small(&png(1000, 500, [10, 20, 30, 255]), ImageFormat::Png).unwrap();
        let read = image::load_from_memory_with_format(&small, ImageFormat::Jpeg).unwrap();
        assert_eq!((read.width(), read.height()), (320, 160));
    }

    #[test]
    fn what_shines_through_is_white() {
        let small = small(&png(8, 8, [0, 0, 0, 0]), ImageFormat::Png).unwrap();
        let read = image::load_from_memory_with_format(&small, ImageFormat::Jpeg).unwrap().to_rgb8();
        assert!(read.pixels().all(|pixel| pixel.0.iter().all(|part| *part > 250)));
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_not_decoded() {
        let mut bomb = png(8, 8, [0, 0, 0, 255]);
        // The width in the head, and the head's checksum after it (PNG, 11.2.2).
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let sum = checksum(&bomb[12..29]).to_be_bytes();
        bomb[29..33].copy_from_slice(&sum);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bomb"), &bomb).unwrap();
        assert_eq!(dimensions(&folder.path().join("bomb"), "image/png"), Some((60_000, 60_000)));
        assert_eq!(small(&bomb, ImageFormat::Png), None);
        assert_eq!(small(b"\x89PNG\r\n\x1a\nnothing more", ImageFormat::Png), None);
    }

    /// CRC-32 (ISO 3309), bit by bit.
    fn checksum(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
        })
    }
}
