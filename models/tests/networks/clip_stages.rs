//! The towers of CLIP and of the Perception Encoder against the originals, stage by stage, with weights from a formula.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the vectors. The first stage that differs fails the
//! test and is named. Behind `@` stands the number of layers, or of blocks in each stage, that are left of large rows;
//! whole ones take minutes each without optimisation, and run in a release build (`--release -- --ignored`).

use std::sync::Arc;

use crate::common::executor;
use crate::common::formula::{Formula, names_hash};
use crate::common::golden::{Golden, cut, limit};
use crate::common::stages::compare;
use ocelli_engine::op::Activation;
use ocelli_engine::{Graph, Weights};
use ocelli_models::clip::{Config, ImageTower, ROWS, Row, image_tower, text_tower};

/// One test a case, so that they are listed, filtered and timed apart.
macro_rules! cases {
    ($($(#[$attribute:meta])* $name:ident: $run:ident $case:literal,)*) => {
        $(#[test] $(#[$attribute])* fn $name() { $run($case) })*
        const CASES: &[&str] = &[$($case),*];
    };
}

cases! {
    vit_b_32: image "ViT-B-32",
    vit_b_32_256: image "ViT-B-32-256",
    vit_b_16: image "ViT-B-16",
    vit_l_14_of_two_layers: image "ViT-L-14@2",
    vit_l_14_336_of_two_layers: image "ViT-L-14-336@2",
    vit_b_16_plus_240: image "ViT-B-16-plus-240",
    vit_h_14_of_two_layers: image "ViT-H-14@2",
    vit_h_14_378_of_two_layers: image "ViT-H-14-378@2",
    vit_g_14_of_two_layers: image "ViT-g-14@2",
    vit_big_g_14_of_two_layers: image "ViT-bigG-14@2",
    pe_core_t16_384: image "PE-Core-T16-384",
    pe_core_s16_384: image "PE-Core-S16-384",
    pe_core_b16_224: image "PE-Core-B16-224",
    pe_core_l14_336_of_two_layers: image "PE-Core-L14-336@2",
    pe_core_g14_448_of_two_layers: image "PE-Core-G14-448@2",
    rn50: image "RN50",
    rn101: image "RN101",
    rn50x4: image "RN50x4",
    rn50x16_of_one_block_a_stage: image "RN50x16@1",
    rn50x64_of_one_block_a_stage: image "RN50x64@1",
    rn50_text: text "RN50-text",
    rn101_text: text "RN101-text",
    rn50x4_text: text "RN50x4-text",
    rn50x16_text: text "RN50x16-text",
    rn50x64_text: text "RN50x64-text",
    vit_b_32_text: text "ViT-B-32-text",
    vit_b_32_256_text: text "ViT-B-32-256-text",
    vit_b_16_text: text "ViT-B-16-text",
    vit_b_16_plus_240_text: text "ViT-B-16-plus-240-text",
    vit_l_14_text: text "ViT-L-14-text",
    vit_l_14_336_text: text "ViT-L-14-336-text",
    vit_h_14_text_of_two_layers: text "ViT-H-14-text@2",
    vit_big_g_14_text_of_two_layers: text "ViT-bigG-14-text@2",
    pe_core_t16_384_text: text "PE-Core-T16-384-text",
    pe_core_s16_384_text: text "PE-Core-S16-384-text",
    pe_core_b16_224_text_of_two_layers: text "PE-Core-B16-224-text@2",
    pe_core_g14_448_text_of_two_layers: text "PE-Core-G14-448-text@2",
    #[ignore = "slow"]
    vit_l_14: image "ViT-L-14",
    #[ignore = "slow"]
    vit_l_14_336: image "ViT-L-14-336",
    #[ignore = "slow"]
    vit_h_14: image "ViT-H-14",
    #[ignore = "slow"]
    vit_h_14_378: image "ViT-H-14-378",
    #[ignore = "slow"]
    vit_g_14: image "ViT-g-14",
    #[ignore = "slow"]
    vit_big_g_14: image "ViT-bigG-14",
    #[ignore = "slow"]
    pe_core_l14_336: image "PE-Core-L14-336",
    #[ignore = "slow, and takes 16 GB"]
    pe_core_g14_448: image "PE-Core-G14-448",
    #[ignore = "slow"]
    rn50x16: image "RN50x16",
    #[ignore = "slow"]
    rn50x64: image "RN50x64",
    #[ignore = "slow"]
    vit_h_14_text: text "ViT-H-14-text",
    #[ignore = "slow"]
    vit_h_14_378_text: text "ViT-H-14-378-text",
    #[ignore = "slow"]
    vit_g_14_text: text "ViT-g-14-text",
    #[ignore = "slow"]
    vit_big_g_14_text: text "ViT-bigG-14-text",
    #[ignore = "slow"]
    pe_core_b16_224_text: text "PE-Core-B16-224-text",
    #[ignore = "slow"]
    pe_core_l14_336_text: text "PE-Core-L14-336-text",
    #[ignore = "slow"]
    pe_core_g14_448_text: text "PE-Core-G14-448-text",
}

/// The row of a case, and how many layers are left of it.
fn row(case: &str) -> (&'static Row, Config, Option<usize>) {
    let (name, left) = cut(case);
    let row = Row::find(name.strip_suffix("-text").unwrap_or(name)).unwrap();
    let of_openai = ["B-32", "B-16", "L-14", "L-14-336"].map(|size| format!("ViT-{size}"));
    let quick = of_openai.contains(&row.name.to_owned()) || row.name.starts_with("RN");
    let activation = if quick { Activation::QuickGelu } else { Activation::Gelu };
    (row, row.config(activation), left)
}

fn image(case: &str) {
    let (_, config, left) = row(case);
    let mut tower = config.image;
    match (&mut tower, left) {
        (ImageTower::Transformer(tower), Some(left)) => tower.depth = left,
        (ImageTower::Residual(tower), Some(left)) => tower.depths = [left; 4],
        _ => {}
    }
    compare("clip", case, &["embedding"], |g, w, image| {
        let net = image_tower(g, w, image, &tower, config.dimensions)?;
        let names: Vec<(String, usize)> = match &tower {
            ImageTower::Transformer(tower) => [0, 1, tower.depth]
                .map(|i| (if i == 0 { "embeddings".into() } else { format!("block.{i}") }, i))
                .to_vec(),
            ImageTower::Residual(_) => (0..5)
                .map(|i| (if i == 0 { "stem".into() } else { format!("layer{i}") }, i))
                .collect(),
        };
        let mut stages: Vec<_> = names.into_iter().map(|(name, i)| (name, net.hidden[i])).collect();
        stages.push(("embedding".to_owned(), net.embedding));
        Ok(stages)
    });
}

fn text(case: &str) {
    let golden = Golden::open("clip", case);
    let (_, config, left) = row(case);
    let mut tower = config.text.unwrap();
    tower.depth = left.unwrap_or(tower.depth);
    let tokens: Vec<Vec<f32>> = serde_json::from_value(golden.fact("tokens").clone()).unwrap();
    let mut whole = Vec::new();
    // The short text again, without what follows its end.
    for (rows, length) in [(2, tower.context), (1, 16)] {
        let source = Arc::new(Formula::new(0, |_, salt| salt));
        let weights = Weights::new(Arc::clone(&source) as _);
        let mut g = Graph::new();
        let input = g.input("tokens", &[rows, length]).unwrap();
        let net = text_tower(&mut g, &weights, input, &tower, config.dimensions).unwrap();
        assert_eq!(names_hash(&source.asked()), golden.needed_weights(), "{case}: names");
        g.output("block.1", net.hidden[1]);
        g.output(&format!("block.{}", tower.depth), net.hidden[tower.depth]);
        g.output("embedding", net.embedding);
        let mut session = executor().compile(&g).unwrap().session().unwrap();
        let given: Vec<f32> =
            tokens[..rows].iter().flat_map(|row| &row[..length]).copied().collect();
        session.input(0).unwrap().copy_from_slice(&given);
        session.run().unwrap();
        let places = 0..g.outputs().len();
        let stage = |i: usize| g.outputs()[i].0.clone();
        if rows == 2 {
            for i in places {
                let limit = limit(stage(i) == "embedding");
                let distance = golden.distance(&stage(i), session.output(i).unwrap());
                eprintln!("  {case} {}: {distance:.1e}", stage(i));
                assert!(distance <= limit, "{case}: stage {} is off by {distance:e}", stage(i));
            }
            whole = session.output(2).unwrap()[..config.dimensions].to_vec();
        } else {
            let largest = whole.iter().fold(0.0, |most: f32, v| most.max(v.abs()));
            let found = session.output(2).unwrap();
            let off = found.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off <= limit(false) * largest, "{case}: cut behind its end, off by {off}");
        }
    }
}

#[test]
fn every_row_has_golden_files_of_both_towers_whole() {
    for Row { name, .. } in ROWS {
        for case in [(*name).to_owned(), format!("{name}-text")] {
            assert!(CASES.contains(&case.as_str()), "{case}");
        }
    }
}
