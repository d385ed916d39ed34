#[cfg(test)]
mod tests {
    use crate::*;
    use lignaflow_core::id::*;
    struct N(lignaflow_core::caller::Caller);
    #[async_trait::async_trait]
    impl lignaflow_core::reads::Reads for N {
        fn caller(&self) -> &lignaflow_core::caller::Caller { &self.0 }
        async fn get(&self, _: &str, _: Id, _: &[String], _: lignaflow_core::query::Authority) -> Result<Option<Vec<lignaflow_core::Value>>, lignaflow_core::Fault> { Ok(None) }
        async fn find(&self, _: &lignaflow_core::query::Selection) -> Result<lignaflow_core::query::Page, lignaflow_core::Fault> { Ok(Default::default()) }
        async fn summarize(&self, _: &lignaflow_core::query::Summary) -> Result<lignaflow_core::query::Page, lignaflow_core::Fault> { Ok(Default::default()) }
        async fn person(&self, _: Id) -> Result<Option<lignaflow_core::reads::Person>, lignaflow_core::Fault> { Ok(None) }
        async fn people(&self, _: Option<&str>) -> Result<Vec<lignaflow_core::reads::Person>, lignaflow_core::Fault> { Ok(Vec::new()) }
    }
    #[tokio::test]
    #[ignore]
    async fn measure() {
        for file in ["hostile/honest", "projects"] {
        let bytes = std::fs::read(format!("/work/main/plugins/dist/{file}.wasm")).unwrap();
        let d = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let engine = Engine::new(EngineOptions{cache_dir: Some(d.path().to_owned()), ..Default::default()}).unwrap();
            let t = std::time::Instant::now();
            let inspection = inspect(&bytes).unwrap();
            println!("{file} inspect {:?} imports {:?}", t.elapsed(), inspection.interfaces);
            let t = std::time::Instant::now();
            let plugin = engine.load(&bytes, &inspection.descriptor.grants, &Limits::default()).unwrap();
            println!("load {:?} compiled {}", t.elapsed(), engine.compiled());
            let id = Id::fresh();
            let caller = lignaflow_core::caller::Caller { organization: OrganizationId(id), principal: lignaflow_core::caller::Principal::Anonymous, role: None, permissions: Default::default(), locale: "en".into(), time_zone: "UTC".into(), currency: lignaflow_core::Currency::AUD, calendar: Default::default(), request_id: RequestId(id), now: 0 };
            let reads: std::sync::Arc<dyn lignaflow_core::reads::Reads> = std::sync::Arc::new(N(caller));
            let mut took = vec![]; let mut made = vec![];
            for _ in 0..5000 {
                let t = std::time::Instant::now();
                plugin.bare(reads.clone(), &mut made).await;
                took.push(t.elapsed());
            }
            took.sort(); made.sort();
            println!("store+instantiate+drop p50 {:?} p99 {:?}; instantiate alone p50 {:?}", took[2500], took[4950], made[2500]);
        }
        }
    }
}
