//! How a trainer's checkpoint wants its pictures, and its answers read: `processing_params`.

use ocelli_converters::Value;
use ocelli_vision::Size;

/// What a checkpoint says; what it leaves out is as for COCO.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Processing {
    pub(super) steps: Steps,
    pub(super) class_names: Option<Vec<String>>,
    pub(super) confidence: Option<f64>,
    pub(super) iou_threshold: Option<f64>,
}

/// Steps from a picture to numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps {
    /// Whether channels come blue first.
    pub(super) blue_first: bool,
    /// What changes the size, in order.
    pub(super) fits: Vec<Step>,
    /// What bytes are divided by.
    pub(super) divisor: Option<f64>,
    /// Mean and deviation by channel, after the division.
    pub(super) moments: Option<(Vec<f64>, Vec<f64>)>,
}

/// A step that changes the size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// One factor for both sides, so that the picture just fits.
    Within(Size),
    /// A factor for each side.
    Stretch(Size),
    /// A border up to a size.
    Pad {
        /// With the border.
        size: Size,
        /// Gray of the border.
        value: u8,
        /// Whether the picture is in the middle, or at the top left.
        centred: bool,
    },
}

impl Steps {
    /// Those of the networks that were trained on COCO.
    pub(super) fn usual() -> Steps {
        let pad = Step::Pad { size: Size::new(640, 640), value: 114, centred: true };
        Steps {
            blue_first: false,
            fits: vec![Step::Within(Size::new(636, 636)), pad],
            divisor: Some(255.0),
            moments: None,
        }
    }

    /// The size that pictures end up with, if it is one.
    pub(super) fn size(&self) -> Option<Size> {
        match self.fits.last()? {
            Step::Pad { size, .. } | Step::Stretch(size) => Some(*size),
            Step::Within(_) => None,
        }
    }

    /// The same, ending with another size: every step keeps its distance from the last.
    pub(super) fn resized(&self, to: Size) -> Steps {
        let last = self.size().unwrap_or(to);
        let side = |side: usize, last: usize, to: usize| (side + to).saturating_sub(last).max(1);
        let moved = |size: Size| {
            Size::new(
                side(size.width, last.width, to.width),
                side(size.height, last.height, to.height),
            )
        };
        let step = |step: &Step| match *step {
            Step::Within(size) => Step::Within(moved(size)),
            Step::Stretch(size) => Step::Stretch(moved(size)),
            Step::Pad { size, value, centred } => Step::Pad { size: moved(size), value, centred },
        };
        Steps { fits: self.fits.iter().map(step).collect(), ..self.clone() }
    }
}

impl Processing {
    /// What the root of a file says; what is not understood where it says more.
    pub(super) fn read(root: &Value) -> Result<Processing, String> {
        let said = root.get("processing_params");
        let number = |key: &str| said?.get(key)?.as_f64();
        let steps = said.and_then(|said| said.at(&["image_processor", "ComposeProcessing"]));
        let steps = match steps.and_then(|compose| compose.get("processings")) {
            Some(list) => steps_of(list)?,
            None => Steps::usual(),
        };
        let names = said.and_then(|said| said.get("class_names")?.as_slice());
        let names = names.and_then(|names| {
            names.iter().map(|name| Some(name.as_str()?.to_owned())).collect::<Option<Vec<_>>>()
        });
        Ok(Processing {
            steps,
            class_names: names.filter(|names| !names.is_empty()),
            confidence: number("conf"),
            iou_threshold: number("iou"),
        })
    }
}

/// A list of names, or of dicts from a name to its arguments.
fn steps_of(list: &Value) -> Result<Steps, String> {
    let mut steps = Steps { blue_first: false, fits: Vec::new(), divisor: None, moments: None };
    for item in list.as_slice().ok_or("`processings` is no list")? {
        let (name, args) = match (item.as_str(), item.as_dict()) {
            (Some(name), _) => (name, &Value::None),
            (_, Some(dict)) => match dict.iter().next() {
                Some((name, args)) => (name.as_str().unwrap_or_default(), args),
                None => continue,
            },
            _ => return Err("`processings` holds neither names nor dicts".to_owned()),
        };
        add(&mut steps, name, args).ok_or_else(|| format!("the processing `{name}`"))?;
    }
    Ok(steps)
}

/// Adds a processing; nothing if it is not understood where it stands.
fn add(steps: &mut Steps, name: &str, args: &Value) -> Option<()> {
    let padded = matches!(steps.fits.last(), Some(Step::Pad { .. }));
    match name {
        "ReverseImageChannels" => steps.blue_first = !steps.blue_first,
        "ImagePermute" => {}
        "DetectionLongestMaxSizeRescale" if !padded => steps.fits.push(Step::Within(size(args)?)),
        "DetectionRescale" if !padded => steps.fits.push(Step::Stretch(size(args)?)),
        "DetectionCenterPadding" | "DetectionBottomRightPadding" => {
            let centred = name == "DetectionCenterPadding";
            steps.fits.push(Step::Pad { size: size(args)?, value: gray(args)?, centred });
        }
        "StandardizeImage" if steps.moments.is_none() && steps.divisor.is_none() => {
            steps.divisor = Some(args.get("max_value").map_or(Some(255.0), Value::as_f64)?);
        }
        "NormalizeImage" if steps.moments.is_none() => {
            steps.moments = Some((three(args.get("mean")?)?, three(args.get("std")?)?));
        }
        _ => return None,
    }
    Some(())
}

/// `output_shape`: height and width.
fn size(args: &Value) -> Option<Size> {
    let [height, width] = args.get("output_shape")?.as_slice()? else { return None };
    let side = |value: &Value| usize::try_from(value.as_i64()?).ok().filter(|&side| side > 0);
    Some(Size::new(side(width)?, side(height)?))
}

/// `pad_value`: a byte, or equal bytes.
fn gray(args: &Value) -> Option<u8> {
    let value = args.get("pad_value")?;
    let byte = |value: &Value| u8::try_from(value.as_i64()?).ok();
    match value.as_slice() {
        None => byte(value),
        Some(bytes) => {
            let first = byte(bytes.first()?)?;
            bytes.iter().all(|value| byte(value) == Some(first)).then_some(first)
        }
    }
}

fn three(value: &Value) -> Option<Vec<f64>> {
    let values = value.as_slice()?.iter().map(Value::as_f64).collect::<Option<Vec<_>>>()?;
    (values.len() == 3).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_as_for_coco() {
        let processing = Processing::read(&Value::None).unwrap();
        assert_eq!(processing.steps, Steps::usual());
        assert_eq!(processing.steps.size(), Some(Size::new(640, 640)));
        assert_eq!(processing.class_names, None);
    }

    #[test]
    fn another_size_keeps_the_border() {
        let steps = Steps::usual().resized(Size::new(320, 416));
        assert_eq!(steps.fits[0], Step::Within(Size::new(316, 412)));
        assert_eq!(steps.size(), Some(Size::new(320, 416)));
    }

    #[test]
    fn names_stand_alone_or_with_arguments() {
        let text = |text: &str| Value::Str(text.into());
        let list = |items: Vec<Value>| Value::List(items.into());
        let steps = steps_of(&list(vec![text("ReverseImageChannels"), text("ImagePermute")]));
        assert!(steps.unwrap().blue_first);
        assert!(steps_of(&list(vec![text("Resize")])).unwrap_err().contains("Resize"));
        assert!(steps_of(&list(vec![Value::Int(1)])).is_err());
        assert!(steps_of(&Value::Int(1)).is_err());
    }
}
