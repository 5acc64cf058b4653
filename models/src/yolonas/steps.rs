//! How a trainer's checkpoint wants its pictures, and its answers read: `processing_params`.

use ocelli_converters::Value;
use ocelli_vision::Size;

use crate::prepare::{Step, Steps};

/// What a checkpoint says; what it leaves out is as for COCO.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Processing {
    pub(super) steps: Steps,
    pub(super) class_names: Option<Vec<String>>,
    pub(super) confidence: Option<f64>,
    pub(super) iou_threshold: Option<f64>,
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
