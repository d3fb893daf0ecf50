//! Networks in tract, which is pure Rust and built in. A plan runs on the thread that asks; several may at once.

use std::sync::Arc;

use tract_onnx::prelude::{
    DatumExt, Framework, InferenceModelExt, IntoRunnable, TValue, TVec, Tensor, TractResult,
    TypedRunnableModel,
};

use super::network::{Engine, Outline};

/// A network, optimised for the shapes of `outline`.
pub(super) fn open(bytes: &[u8], outline: &Outline) -> Result<Arc<dyn Engine>, String> {
    let plan = plan(bytes, outline).map_err(|e| format!("{e:#}"))?;
    let shapes = outline.inputs.iter().map(|(_, shape)| shape.clone()).collect();
    Ok(Arc::new(Plan { plan, shapes }))
}

fn plan(mut bytes: &[u8], outline: &Outline) -> TractResult<Arc<TypedRunnableModel>> {
    let names = outline.inputs.iter().map(|(name, _)| name);
    let mut model = tract_onnx::onnx().model_for_read(&mut bytes)?.with_input_names(names)?;
    for (at, (_, shape)) in outline.inputs.iter().enumerate() {
        model.set_input_fact(at, f32::fact(shape).into())?;
    }
    model.into_typed()?.into_optimized()?.into_runnable()
}

struct Plan {
    plan: Arc<TypedRunnableModel>,
    shapes: Vec<Vec<usize>>,
}

impl Plan {
    fn answer(&self, inputs: &[&[f32]]) -> TractResult<Vec<Vec<f32>>> {
        let tensor = |(values, shape): (&&[f32], &Vec<usize>)| -> TractResult<TValue> {
            Ok(Tensor::from_shape(shape, values)?.into())
        };
        let inputs = inputs.iter().zip(&self.shapes).map(tensor).collect::<TractResult<TVec<_>>>()?;
        let outputs = self.plan.run(inputs)?;
        outputs
            .iter()
            .map(|output| Ok(output.to_plain_array_view::<f32>()?.iter().copied().collect()))
            .collect()
    }
}

impl Engine for Plan {
    fn run(&self, inputs: &[&[f32]]) -> Result<Vec<Vec<f32>>, String> {
        self.answer(inputs).map_err(|e| format!("{e:#}"))
    }
}
